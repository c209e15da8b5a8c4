// Backoff: exponential with full jitter (uniform in [0, min(cap, base * 2^attempt)]), which spreads
// a reconnect storm best. Pure; randomness is injected.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/random.hpp"
#include "core/time/clock.hpp"

namespace gantry {

struct Backoff {
    Millis base{1'000};
    Millis cap{600'000};

    // `attempt` counts failures so far, 0-based. The result is in [0, cap].
    [[nodiscard]] Millis delay(std::int64_t attempt, RandomSource& random) const {
        return up_to(window(attempt), random);
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
