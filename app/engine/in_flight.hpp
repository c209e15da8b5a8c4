// KeysInFlight: which alerts have a record between the journal and the fold. What is in memory
// about these is out of date: a resend of one must not be judged by it (a resolve may be on its
// way).
//
// Keys are hashes, remembered in buckets of fixed number: two that share one make a resend go
// through the journal, which is slower and right as well. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/strong_id.hpp"

namespace gantry::app {

class KeysInFlight {
public:
    void add(const std::vector<std::uint64_t>& keys, JournalSeq seq) {
        for (const std::uint64_t key : keys) {
            JournalSeq& last = buckets_[key % k_buckets];
            last = std::max(last, seq);
        }
    }
    // `cursor`: everything up to it is folded.
    [[nodiscard]] bool any_of(const std::vector<std::uint64_t>& keys, JournalSeq cursor) const {
        return std::any_of(keys.begin(), keys.end(),
                           [&](std::uint64_t key) { return buckets_[key % k_buckets] > cursor; });
    }

private:
    static constexpr std::size_t k_buckets = 64 * 1024;
    std::vector<JournalSeq> buckets_ = std::vector<JournalSeq>(k_buckets);
};

}  // namespace gantry::app
