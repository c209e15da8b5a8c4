// AlertTable: the live alerts, found by key (organisation, source, dedup key) or id. Slots are
// stable while an alert lives and reused afterwards; 192 bytes each plus the texts.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/model/alert.hpp"
#include "correlator/state/slot_index.hpp"

namespace gantry::correlator {

// What resends touch comes first: it is one cache line.
struct alignas(64) AlertSlot {
    std::uint64_t key_hash = 0;
    AlertText text;
    Instant seen_at{};    // latest sign of life, resends included
    Instant folded_at{};  // latest event that went through the journal
    Millis expires_after{0};
    OrganisationId organisation;
    AssetId asset;
    AlertState state = AlertState::resolved;
    Severity severity = Severity::warning;
    bool judged : 1 = false;      // the rules of this process have seen this episode
    bool expiring : 1 = false;    // handed out by due_to_expire, not folded yet
    bool exact_seen : 1 = false;  // the next folded resend writes last_seen in its transaction
    bool refreshed : 1 = false;   // last_seen to be drained
    bool counted : 1 = false;     // among its incident's firing alerts
    bool changed : 1 = false;     // row to be written at the end of this fold
    // --- colder ---
    AlertId id;
    EpisodeId episode;
    IncidentId incident;
    std::int64_t episode_count = 0;
    Instant started_at{};
    Instant resolved_at{};
    Millis grace{0};       // until seen again
    Instant expiry_due{};  // of its valid entry in the expiry queue; epoch = has none
    JournalSeq opened_seq;
    JournalSeq changed_seq;

    [[nodiscard]] bool firing() const { return state == AlertState::firing; }
};

class AlertTable {
public:
    explicit AlertTable(std::uint64_t hash_seed) : seed_(hash_seed) {}

    [[nodiscard]] SlotNo find(OrganisationId organisation, std::string_view source,
                              std::string_view key) const;
    [[nodiscard]] SlotNo find(AlertId id) const;

    // The same in steps, for batches: every step's memory is on its way while the batch's other
    // events take theirs. A guess is for prefetching only.
    [[nodiscard]] std::uint64_t key_hash(const Event& event) const {
        return key_hash(event.organisation, event.source, event.key);
    }
    [[nodiscard]] std::uint64_t key_hash(OrganisationId organisation, std::string_view source,
                                         std::string_view key) const;
    void prefetch_index(std::uint64_t hash) const { by_key_.prefetch(hash); }
    void prefetch_index(AlertId id) const { by_id_.prefetch(id_hash(id)); }
    [[nodiscard]] SlotNo prefetch_slot(std::uint64_t hash) const;
    void prefetch_text(SlotNo guess) const;
    [[nodiscard]] SlotNo find(std::uint64_t hash, OrganisationId organisation,
                              std::string_view source, std::string_view key) const;

    // A new slot with this id and text, otherwise empty. REQUIRES: neither id nor key is present.
    SlotNo add(AlertId id, OrganisationId organisation, AlertText text, std::uint64_t key_hash);
    SlotNo add(AlertId id, OrganisationId organisation, AlertText text);
    SlotNo add(const Alert& row);
    void erase(SlotNo slot);

    [[nodiscard]] AlertSlot& at(SlotNo slot) { return chunks_[slot / k_chunk][slot % k_chunk]; }
    [[nodiscard]] const AlertSlot& at(SlotNo slot) const {
        return chunks_[slot / k_chunk][slot % k_chunk];
    }
    void set_content(SlotNo slot, std::string_view summary, const LabelSet& labels);
    // The whole row, as the store keeps it.
    [[nodiscard]] Alert row(SlotNo slot) const;

    [[nodiscard]] std::size_t size() const { return size_; }
    // Slot numbers ever used are below this; some of them may be free (id unset).
    [[nodiscard]] SlotNo end() const { return end_; }

private:
    static constexpr std::size_t k_chunk = 1024;
    [[nodiscard]] std::uint64_t id_hash(AlertId id) const;

    std::uint64_t seed_;
    std::vector<std::unique_ptr<AlertSlot[]>> chunks_;
    std::vector<SlotNo> free_;
    SlotIndex by_key_;
    SlotIndex by_id_;
    SlotNo end_ = 0;
    std::size_t size_ = 0;
};

}  // namespace gantry::correlator
