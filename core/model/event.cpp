#include "core/model/event.hpp"

#include <algorithm>

#include "core/base/hash.hpp"

namespace gantry {

const std::string* find_label(const Labels& labels, std::string_view name) {
    const auto at = std::lower_bound(
        labels.begin(), labels.end(), name,
        [](const auto& label, std::string_view wanted) { return label.first < wanted; });
    return at != labels.end() && at->first == name ? &at->second : nullptr;
}

std::uint64_t fingerprint(const Labels& labels) {
    constexpr std::string_view separator("\xFF", 1);
    std::uint64_t hash = k_fnv1a_offset;
    for (const auto& [name, value] : labels) {
        hash = fnv1a(name, hash);
        hash = fnv1a(separator, hash);
        hash = fnv1a(value, hash);
        hash = fnv1a(separator, hash);
    }
    return hash;
}

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
