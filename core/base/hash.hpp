// FNV-1a 64, the hash that Prometheus' label fingerprints use. Not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace gantry {

inline constexpr std::uint64_t k_fnv1a_offset = 14695981039346656037ULL;

[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes,
                                            std::uint64_t hash = k_fnv1a_offset) {
    for (const char c : bytes) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    return hash;
}

}  // namespace gantry
