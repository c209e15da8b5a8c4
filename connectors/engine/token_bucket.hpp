// TokenBucket: a rate limit with a burst. Pure in the sense that the caller tells the time; on the
// steady clock, so that a set wall clock neither floods the other side nor starves it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "core/time/clock.hpp"

namespace gantry::connectors {

class TokenBucket {
public:
    using Steady = std::chrono::steady_clock::time_point;

    // Holds one second's worth, at least one token; starts full.
    TokenBucket(std::int64_t per_minute, Steady now)
        : per_second_(static_cast<double>(per_minute) / 60.0),
          size_(std::max(1.0, per_second_)),
          tokens_(size_),
          filled_at_(now) {}

    [[nodiscard]] std::size_t available(Steady now) {
        refill(now);
        return static_cast<std::size_t>(tokens_ + k_slack);
    }
    // REQUIRES: available(now) > 0.
    void take(Steady now) {
        refill(now);
        tokens_ = std::max(0.0, tokens_ - 1.0);
    }
    // When the next token is there; `now` when one is.
    [[nodiscard]] Steady next(Steady now) {
        refill(now);
        if (tokens_ + k_slack >= 1.0) return now;
        return now +
               Millis{static_cast<std::int64_t>(std::ceil((1.0 - tokens_) * 1000.0 / per_second_))};
    }

private:
    static constexpr double k_slack = 1e-6;  // a millisecond's rounding must not cost a token

    void refill(Steady now) {
        if (now <= filled_at_) return;
        const std::chrono::duration<double> passed = now - filled_at_;
        tokens_ = std::min(size_, tokens_ + passed.count() * per_second_);
        filled_at_ = now;
    }

    double per_second_;
    double size_;
    double tokens_;
    Steady filled_at_;
};

}  // namespace gantry::connectors
