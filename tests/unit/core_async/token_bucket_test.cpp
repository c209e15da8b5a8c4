#include "core/async/token_bucket.hpp"

#include <catch2/catch.hpp>

using namespace gantry;

namespace {

using Steady = TokenBucket::Steady;

// Takes whenever a token is there, as told by next(), for `time`.
std::int64_t taken_in(std::int64_t per_minute, Millis time) {
    const Steady begin{std::chrono::hours{5}};
    TokenBucket bucket(Rate::per_minute(per_minute), begin);
    std::int64_t taken = 0;
    for (Steady now = begin; now < begin + time;) {
        while (bucket.available(now) > 0) {
            bucket.take(now);
            ++taken;
        }
        const Steady next = bucket.next(now);
        if (next <= now) return -1;  // would spin
        now = next;
    }
    return taken;
}

}  // namespace

TEST_CASE("token bucket: starts full with one second's worth, at least one") {
    const Steady now{};
    CHECK(TokenBucket(Rate::per_minute(600), now).available(now) == 10);
    CHECK(TokenBucket(Rate::per_minute(60'000), now).available(now) == 1'000);
    CHECK(TokenBucket(Rate::per_minute(60), now).available(now) == 1);
    CHECK(TokenBucket(Rate::per_minute(1), now).available(now) == 1);
}

TEST_CASE("token bucket: over time gives its rate and one burst, neither more nor less") {
    for (const std::int64_t per_minute : {1, 7, 59, 60, 61, 600, 1'000, 59'999, 60'000}) {
        CAPTURE(per_minute);
        const std::int64_t burst = std::max<std::int64_t>(1, per_minute / 60);
        const std::int64_t taken = taken_in(per_minute, std::chrono::minutes{3});
        CHECK(taken <= 3 * per_minute + burst + 1);
        CHECK(100 * taken >= 99 * 3 * per_minute);
    }
}

TEST_CASE("token bucket: next is now while a token is there, else when one will be") {
    Steady now{};
    TokenBucket bucket(Rate::per_minute(60), now);
    CHECK(bucket.next(now) == now);
    bucket.take(now);
    CHECK(bucket.available(now) == 0);
    CHECK(bucket.next(now) == now + Millis{1'000});
    now += Millis{400};
    CHECK(bucket.next(now) == now + Millis{600});
    CHECK(bucket.available(now) == 0);
    now += Millis{600};
    CHECK(bucket.available(now) == 1);
    CHECK(bucket.next(now) == now);
}

TEST_CASE("token bucket: a long idle time saves up no more than one burst") {
    Steady now{};
    TokenBucket bucket(Rate::per_minute(600), now);
    for (int i = 0; i < 10; ++i) bucket.take(now);
    now += std::chrono::hours{24 * 365};
    CHECK(bucket.available(now) == 10);
}

TEST_CASE("token bucket: time that stands still or goes back gives nothing") {
    const Steady now{std::chrono::hours{1}};
    TokenBucket bucket(Rate::per_minute(60), now);
    bucket.take(now);
    CHECK(bucket.available(now - Millis{5'000}) == 0);
    CHECK(bucket.available(now) == 0);
    CHECK(bucket.available(now + Millis{999}) == 0);
    CHECK(bucket.available(now + Millis{1'000}) == 1);
}

TEST_CASE("token bucket: is full at first and again when its burst has come back") {
    const Steady now{};
    TokenBucket bucket(Rate{10, 2}, now);
    CHECK(bucket.is_full(now));
    bucket.take(now);
    bucket.take(now);
    CHECK(bucket.available(now) == 0);
    CHECK_FALSE(bucket.is_full(now + Millis{199}));
    CHECK(bucket.is_full(now + Millis{200}));
}
