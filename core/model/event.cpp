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

}  // namespace gantry
