// A fast seeded hash for lookup tables in memory. Not stable over versions and never stored; for
// anything that leaves the process use core/base/hash.hpp.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gantry::correlator {

// MurmurHash3's 64-bit finaliser: every input bit reaches every output bit.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 33;
    x *= 0xFF51AFD7ED558CCDULL;
    x ^= x >> 33;
    x *= 0xC4CEB9FE1A85EC53ULL;
    return x ^ (x >> 33);
}

[[nodiscard]] inline std::uint64_t fast_hash(std::string_view bytes, std::uint64_t seed) {
    constexpr std::uint64_t k_odd = 0x9E3779B97F4A7C15ULL;
    std::uint64_t hash = seed ^ (bytes.size() * k_odd);
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        hash = (hash ^ word) * k_odd;
        hash ^= hash >> 29;
    }
    std::uint64_t tail = 0;
    if (left > 0) std::memcpy(&tail, at, left);
    return mix(hash ^ tail);
}

}  // namespace gantry::correlator
