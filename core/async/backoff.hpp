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
        const auto shift = std::min<std::int64_t>(std::max<std::int64_t>(attempt, 0), 30);
        const auto limit = std::min<std::int64_t>(cap.count(), base.count() << shift);
        return Millis{
            static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit) + 1))};
    }
};

}  // namespace gantry
