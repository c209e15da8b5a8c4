#include "core/model/label_set.hpp"

#include <algorithm>

#include "core/base/hash.hpp"

namespace gantry {
namespace {

constexpr std::string_view k_none("\0", 1);

bool by_name(const LabelSet::value_type& a, const LabelSet::value_type& b) {
    return a.first < b.first;
}

// Sorted by name; of equal ones the last stays.
void put_in_order(std::vector<LabelSet::value_type>& pairs) {
    const auto not_before = [](const auto& a, const auto& b) { return !by_name(a, b); };
    if (std::adjacent_find(pairs.begin(), pairs.end(), not_before) == pairs.end()) return;
    std::stable_sort(pairs.begin(), pairs.end(), by_name);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (i + 1 < pairs.size() && pairs[i + 1].first == pairs[i].first) continue;
        pairs[kept++] = pairs[i];
    }
    pairs.resize(kept);
}

}  // namespace

const std::string* find_label(const Labels& labels, std::string_view name) {
    const auto at = std::lower_bound(
        labels.begin(), labels.end(), name,
        [](const auto& label, std::string_view wanted) { return label.first < wanted; });
    return at != labels.end() && at->first == name ? &at->second : nullptr;
}

LabelSet::LabelSet(const Labels& labels)
    : LabelSet(std::vector<value_type>(labels.begin(), labels.end())) {}

LabelSet::LabelSet(std::vector<value_type>&& pairs) { pack(pairs); }

void LabelSet::pack(std::vector<value_type>& pairs) {
    if (pairs.empty()) return;
    put_in_order(pairs);
    std::size_t bytes = 4;
    for (const auto& [name, value] : pairs) bytes += name.size() + value.size() + 4;
    packed_.reserve(bytes);
    PackedWriter writer(packed_);
    writer.number(pairs.size());
    for (const auto& [name, value] : pairs) writer.text(name).text(value);
}

Result<LabelSet> LabelSet::from_packed(std::string_view packed) {
    const auto unreadable = [] { return fail(ErrorCode::corrupt, "labels are unreadable"); };
    PackedReader reader(packed);
    const std::uint64_t count = reader.number();
    std::string_view before;
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const auto name = reader.text();
        reader.text();
        if (i > 0 && name <= before) return unreadable();
        before = name;
    }
    if (!reader.ok() || !reader.at_end()) return unreadable();
    LabelSet out;
    if (count > 0) out.packed_ = packed;
    if (out.packed() != packed) return unreadable();
    return out;
}

LabelSet::Iterator LabelSet::begin() const {
    PackedReader reader(packed());
    const std::uint64_t count = reader.number();
    return {reader, count};
}

std::size_t LabelSet::size() const {
    return static_cast<std::size_t>(PackedReader(packed()).number());
}

std::optional<std::string_view> LabelSet::find(std::string_view name) const {
    for (const auto [known, value] : *this) {
        if (known == name) return value;
    }
    return std::nullopt;
}

std::string_view LabelSet::packed() const { return packed_.empty() ? k_none : packed_; }

std::uint64_t fingerprint(const LabelSet& labels) {
    constexpr std::string_view separator("\xFF", 1);
    std::uint64_t hash = k_fnv1a_offset;
    for (const auto [name, value] : labels) {
        hash = fnv1a(name, hash);
        hash = fnv1a(separator, hash);
        hash = fnv1a(value, hash);
        hash = fnv1a(separator, hash);
    }
    return hash;
}

}  // namespace gantry
