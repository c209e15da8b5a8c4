#include "correlator/state/alert_table.hpp"

#include "correlator/state/fast_hash.hpp"

namespace gantry::correlator {

std::uint64_t AlertTable::key_hash(OrganisationId organisation, std::string_view source,
                                   std::string_view key) const {
    const auto tenant = mix(seed_ ^ static_cast<std::uint64_t>(organisation.value));
    return fast_hash(key, fast_hash(source, tenant));
}

std::uint64_t AlertTable::id_hash(AlertId id) const {
    return mix(seed_ + static_cast<std::uint64_t>(id.value));
}

SlotNo AlertTable::find(OrganisationId organisation, std::string_view source,
                        std::string_view key) const {
    return find(key_hash(organisation, source, key), organisation, source, key);
}

SlotNo AlertTable::prefetch_slot(std::uint64_t hash) const {
    const auto slot = by_key_.guess(hash);
    if (slot != k_no_slot) __builtin_prefetch(&at(slot));
    return slot;
}

void AlertTable::prefetch_text(SlotNo guess) const {
    if (guess == k_no_slot) return;
    // Texts are 200 to 400 bytes; prefetching past the end is harmless.
    constexpr std::size_t k_line = 64;
    constexpr std::size_t k_lines = 6;
    const auto* text = at(guess).text.data();
    for (std::size_t line = 0; line < k_lines; ++line) __builtin_prefetch(text + line * k_line);
}

SlotNo AlertTable::find(std::uint64_t hash, OrganisationId organisation, std::string_view source,
                        std::string_view key) const {
    return by_key_.find(hash, [&](SlotNo slot) {
        const auto& alert = at(slot);
        return alert.key_hash == hash && alert.organisation == organisation &&
               alert.text.same_key(source, key);
    });
}

SlotNo AlertTable::find(AlertId id) const {
    return by_id_.find(id_hash(id), [&](SlotNo slot) { return at(slot).id == id; });
}

SlotNo AlertTable::add(AlertId id, OrganisationId organisation, AlertText text) {
    const auto hash = key_hash(organisation, text.source(), text.key());
    return add(id, organisation, std::move(text), hash);
}

SlotNo AlertTable::add(AlertId id, OrganisationId organisation, AlertText text,
                       std::uint64_t key_hash) {
    SlotNo slot = end_;
    if (!free_.empty()) {
        slot = free_.back();
        free_.pop_back();
    } else {
        if (end_ % k_chunk == 0) chunks_.push_back(std::make_unique<AlertSlot[]>(k_chunk));
        ++end_;
    }
    auto& alert = at(slot);
    alert.id = id;
    alert.organisation = organisation;
    alert.key_hash = key_hash;
    alert.text = std::move(text);
    by_key_.insert(alert.key_hash, slot, [&](SlotNo other) { return at(other).key_hash; });
    by_id_.insert(id_hash(id), slot, [&](SlotNo other) { return id_hash(at(other).id); });
    ++size_;
    return slot;
}

SlotNo AlertTable::add(const Alert& row) {
    const auto slot = add(row.id, row.organisation, row.text);
    auto& alert = at(slot);
    alert.seen_at = row.last_seen_at;
    alert.folded_at = row.last_seen_at;
    alert.expires_after = row.expires_after;
    alert.asset = row.asset;
    alert.state = row.state;
    alert.severity = row.severity;
    alert.episode = row.episode;
    alert.incident = row.incident;
    alert.episode_count = row.episode_count;
    alert.started_at = row.started_at;
    alert.resolved_at = row.resolved_at;
    alert.opened_seq = row.opened_seq;
    alert.changed_seq = row.changed_seq;
    return slot;
}

void AlertTable::erase(SlotNo slot) {
    auto& alert = at(slot);
    by_key_.erase(alert.key_hash, slot, [&](SlotNo other) { return at(other).key_hash; });
    by_id_.erase(id_hash(alert.id), slot, [&](SlotNo other) { return id_hash(at(other).id); });
    alert = AlertSlot{};
    free_.push_back(slot);
    --size_;
}

void AlertTable::set_content(SlotNo slot, std::string_view summary, const LabelSet& labels) {
    auto& alert = at(slot);
    alert.text = AlertText(alert.text.source(), alert.text.key(), summary, labels);
}

Alert AlertTable::row(SlotNo slot) const {
    const auto& alert = at(slot);
    Alert row;
    row.id = alert.id;
    row.organisation = alert.organisation;
    row.text = alert.text;
    row.state = alert.state;
    row.severity = alert.severity;
    row.asset = alert.asset;
    row.episode = alert.episode;
    row.episode_count = alert.episode_count;
    row.started_at = alert.started_at;
    row.last_seen_at = alert.seen_at;
    row.resolved_at = alert.resolved_at;
    row.expires_after = alert.expires_after;
    row.incident = alert.incident;
    row.opened_seq = alert.opened_seq;
    row.changed_seq = alert.changed_seq;
    return row;
}

}  // namespace gantry::correlator
