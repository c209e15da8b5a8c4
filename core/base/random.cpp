#include "core/base/random.hpp"

#include <array>
#include <cstdio>

namespace gantry {

std::string random_hex128(RandomSource& random) {
    const auto draw = [&random] { return static_cast<unsigned long long>(random.next()); };
    const auto high = draw();
    const auto low = draw();
    std::array<char, 33> out{};
    std::snprintf(out.data(), out.size(), "%016llx%016llx", high, low);
    return out.data();
}

}  // namespace gantry
