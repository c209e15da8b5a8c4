// Cursor pagination, the same for every list. A cursor is opaque to clients: the last id seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gantry {

struct PageRequest {
    std::int64_t after = 0;  // exclusive; 0 = from the start of the order
    int limit = 50;          // 1 to 500
};

template <class T>
struct PageOf {
    std::vector<T> items;
    std::optional<std::int64_t> next;  // set when more follow
};

}  // namespace gantry
