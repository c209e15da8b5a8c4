// SlotIndex: an open-addressing hash table from a 64-bit hash to slot numbers; eight bytes per
// entry. It keeps 32 bits of the hash as a tag; the caller's predicate confirms a hit, so hash
// collisions cost time, never correctness. Never iterated: its order reaches no output.
#pragma once

#include <cstdint>
#include <vector>

namespace gantry::correlator {

using SlotNo = std::uint32_t;
inline constexpr SlotNo k_no_slot = 0xFFFFFFFF;

class SlotIndex {
public:
    // `same(slot)` tells whether that slot holds the wanted key.
    template <class Same>
    [[nodiscard]] SlotNo find(std::uint64_t hash, Same same) const {
        if (entries_.empty()) return k_no_slot;
        const auto tag = tag_of(hash);
        for (auto at = hash & mask_; entries_[at].slot != k_no_slot; at = (at + 1) & mask_) {
            if (entries_[at].tag == tag && same(entries_[at].slot)) return entries_[at].slot;
        }
        return k_no_slot;
    }

    // The first slot whose tag fits, unconfirmed: worth prefetching, no more.
    [[nodiscard]] SlotNo guess(std::uint64_t hash) const {
        return find(hash, [](SlotNo) { return true; });
    }
    void prefetch(std::uint64_t hash) const {
        if (!entries_.empty()) __builtin_prefetch(&entries_[hash & mask_]);
    }

    // REQUIRES: no equal key is present. `hash_of(slot)` gives the hash of a slot already here.
    template <class HashOf>
    void insert(std::uint64_t hash, SlotNo slot, HashOf hash_of) {
        if ((size_ + 1) * 4 > entries_.size() * 3) grow(hash_of);
        place(hash, slot);
        ++size_;
    }

    // REQUIRES: `slot` is present under `hash`.
    template <class HashOf>
    void erase(std::uint64_t hash, SlotNo slot, HashOf hash_of) {
        auto hole = hash & mask_;
        while (entries_[hole].slot != slot) hole = (hole + 1) & mask_;
        // Backward shift: later entries of the run move into the hole when their home allows.
        for (auto at = (hole + 1) & mask_; entries_[at].slot != k_no_slot; at = (at + 1) & mask_) {
            const auto home = hash_of(entries_[at].slot) & mask_;
            if (((at - home) & mask_) >= ((at - hole) & mask_)) {
                entries_[hole] = entries_[at];
                hole = at;
            }
        }
        entries_[hole] = Entry{};
        --size_;
    }

    [[nodiscard]] std::size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

private:
    struct Entry {
        SlotNo slot = k_no_slot;
        std::uint32_t tag = 0;
    };
    static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32);
    }

    void place(std::uint64_t hash, SlotNo slot) {
        auto at = hash & mask_;
        while (entries_[at].slot != k_no_slot) at = (at + 1) & mask_;
        entries_[at] = Entry{slot, tag_of(hash)};
    }

    template <class HashOf>
    void grow(HashOf hash_of) {
        std::vector<Entry> old(entries_.empty() ? 64 : entries_.size() * 2);
        old.swap(entries_);
        mask_ = entries_.size() - 1;
        for (const auto& entry : old) {
            if (entry.slot != k_no_slot) place(hash_of(entry.slot), entry.slot);
        }
    }

    std::vector<Entry> entries_;
    std::uint64_t mask_ = 0;
    std::size_t size_ = 0;
};

}  // namespace gantry::correlator
