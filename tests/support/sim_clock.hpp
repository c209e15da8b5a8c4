// SimClock: a Clock that stands still until it is told to move. Single-threaded.
#pragma once

#include "core/time/clock.hpp"

namespace gantry::test {

class SimClock final : public Clock {
public:
    explicit SimClock(Instant start = from_ms(1'764'000'000'000)) : now_(start) {}
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
        return std::chrono::steady_clock::time_point{} + steady_;
    }
    void advance(Millis by) {
        now_ += by;
        steady_ += by;
    }
    // The wall clock is set; the steady one does not notice.
    void step_wall(Millis by) { now_ += by; }

private:
    Instant now_;
    Millis steady_{0};
};

}  // namespace gantry::test
