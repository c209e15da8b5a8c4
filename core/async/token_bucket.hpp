// TokenBucket: a rate limit with a burst. Pure in the sense that the caller tells the time; on the
// steady clock, so that a set wall clock neither floods the other side nor starves it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "core/time/clock.hpp"

namespace gantry {

struct Rate {
    double per_second = 1;
    double burst = 1;  // at least one

    // One second's worth at once, at least one.
    static Rate per_minute(std::int64_t n) {
        const double per_second = static_cast<double>(n) / 60.0;
        return {per_second, std::max(1.0, per_second)};
    }
};

class TokenBucket {
public:
    using Steady = std::chrono::steady_clock::time_point;

    // Starts full.
    TokenBucket(Rate rate, Steady now) : rate_(rate), tokens_(rate.burst), filled_at_(now) {}

    [[nodiscard]] std::size_t available(Steady now) {
        refill(now);
        return static_cast<std::size_t>(tokens_ + k_slack);
    }
    // One less; of none it stays none.
    void take(Steady now) {
        refill(now);
        tokens_ = std::max(0.0, tokens_ - 1.0);
    }
    // When the next token is there; `now` when one is.
    [[nodiscard]] Steady next(Steady now) {
        refill(now);
        if (tokens_ + k_slack >= 1.0) return now;
        return now + Millis{static_cast<std::int64_t>(
                         std::ceil((1.0 - tokens_) * 1000.0 / rate_.per_second))};
    }
    [[nodiscard]] bool is_full(Steady now) const { return level(now) >= rate_.burst; }

private:
    static constexpr double k_slack = 1e-6;  // a millisecond's rounding must not cost a token

    [[nodiscard]] double level(Steady now) const {
        if (now <= filled_at_) return tokens_;
        const std::chrono::duration<double> passed = now - filled_at_;
        return std::min(rate_.burst, tokens_ + passed.count() * rate_.per_second);
    }
    void refill(Steady now) {
        tokens_ = level(now);
        filled_at_ = std::max(filled_at_, now);
    }

    Rate rate_;
    double tokens_;
    Steady filled_at_;
};

}  // namespace gantry
