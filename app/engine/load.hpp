// Load: are so many events folded that it pays to gather a few more records before the next
// transaction? Each one writes every page it touches, and neighbours touch the same. One thread.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/time/clock.hpp"

namespace gantry::app {

class Load {
public:
    using Steady = std::chrono::steady_clock::time_point;

    void add(std::size_t events, Steady now) {
        turn(now);
        events_ += events;
    }
    [[nodiscard]] bool is_high(Steady now) {
        turn(now);
        return before_ >= k_many;
    }

private:
    static constexpr Millis k_window{25};
    static constexpr std::size_t k_many = 256;  // in a window: some 10,000 a second

    void turn(Steady now) {
        const auto age = now - since_;
        if (age < k_window) return;
        before_ = age < 2 * k_window ? events_ : 0;
        events_ = 0;
        since_ = now;
    }

    Steady since_{};
    std::size_t events_ = 0;
    std::size_t before_ = 0;  // in the window before
};

}  // namespace gantry::app
