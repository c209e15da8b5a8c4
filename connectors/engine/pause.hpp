// Pause: how long one connector leaves the other side in peace. Asked for with a time (Retry-After)
// it lasts that long; a "too many requests" that names none is answered with a back-off of our own,
// longer for each pause that was followed by another, until something is taken again.
//
// Calls that began before the last pause say nothing new: four under way that are all throttled are
// one refusal, not four. Pure: the caller tells the (steady) time and brings the randomness.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/async/backoff.hpp"
#include "core/base/random.hpp"

namespace gantry::connectors {

class Pause {
public:
    using Steady = std::chrono::steady_clock::time_point;
    // Which pause a call began after.
    using Era = std::uint64_t;

    explicit Pause(Backoff backoff) : backoff_(backoff) {}

    [[nodiscard]] Steady until() const { return until_; }
    [[nodiscard]] Era era() const { return era_; }

    // The other side named a time. It never shortens a pause.
    void asked(Steady until) { until_ = std::max(until_, until); }

    // It has enough and named no time. Half of the wait is certain: no window of the other side's
    // limit is as short as none at all.
    void throttled(Era begun, Steady now, RandomSource& random) {
        if (begun != era_) return;
        ++era_;
        asked(now + backoff_.half_certain(in_a_row_++, random));
    }

    // It took or judged a delivery.
    void answered(Era begun) {
        if (begun == era_) in_a_row_ = 0;
    }

private:
    Backoff backoff_;
    Steady until_{};
    Era era_ = 0;
    int in_a_row_ = 0;
};

}  // namespace gantry::connectors
