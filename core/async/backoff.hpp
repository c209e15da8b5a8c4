// Backoff: exponential, a window of min(cap, base * 2^attempt) to wait in. Full jitter (uniform in
// all of the window) spreads a reconnect storm best; half of it certain and half jitter is for what
// must not be repeated at once. Pure; randomness is injected.
//
// `attempt` counts failures so far, 0-based. REQUIRES: base and cap are not negative.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/random.hpp"
#include "core/time/clock.hpp"

namespace gantry {

struct Backoff {
    Millis base{1'000};
    Millis cap{600'000};

    // In [0, window].
    [[nodiscard]] Millis delay(std::int64_t attempt, RandomSource& random) const {
        return up_to(window(attempt), random);
    }

    // In [window / 2, window], and at least 1 ms.
    [[nodiscard]] Millis half_certain(std::int64_t attempt, RandomSource& random) const {
        const std::int64_t whole = window(attempt);
        const std::int64_t jitter = whole / 2;
        return std::max(Millis{whole - jitter} + up_to(jitter, random), Millis{1});
    }

private:
    [[nodiscard]] std::int64_t window(std::int64_t attempt) const {
        const auto shift = std::clamp<std::int64_t>(attempt, 0, 30);
        const bool is_capped = base.count() > (cap.count() >> shift);  // base << shift may overflow
        return is_capped ? cap.count() : base.count() << shift;
    }
    static Millis up_to(std::int64_t limit, RandomSource& random) {
        return Millis{
            static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit) + 1))};
    }
};

}  // namespace gantry
