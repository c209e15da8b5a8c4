#include "core/model/event.hpp"

#include "core/base/hash.hpp"

namespace gantry {

std::uint64_t key_hash(const Event& event) {
    constexpr std::string_view separator("\xFF", 1);
    std::uint64_t hash = fnv1a(event.key);
    hash = fnv1a(separator, hash);
    hash = fnv1a(event.source, hash);
    hash ^= static_cast<std::uint64_t>(event.organisation.value);
    // FNV's low bits know little of what came last.
    hash *= 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 32);
}

std::vector<std::uint64_t> key_hashes(const std::vector<Event>& events) {
    std::vector<std::uint64_t> out;
    out.reserve(events.size());
    for (const Event& event : events) out.push_back(key_hash(event));
    return out;
}

}  // namespace gantry
