// The marker file beside the spool: which epoch and how many sequence numbers the spool had. It is
// replaced after the spool's own commit, so it never runs ahead of an intact spool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.hpp"

namespace gantry::agent {

struct Marker {
    std::string spool_id;
    std::int64_t epoch = 0;
    std::int64_t reserved_seq = 0;
};

// Nullopt: missing or unreadable.
std::optional<Marker> read_marker(const std::string& path);
Result<void> write_marker(const std::string& path, const Marker& marker);

}  // namespace gantry::agent
