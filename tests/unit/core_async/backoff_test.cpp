#include "core/async/backoff.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

using namespace gantry;

namespace {

// The edges of a draw: below(bound) gives 0 or bound - 1.
class Least final : public RandomSource {
public:
    std::uint64_t next() override { return 0; }
};
class Greatest final : public RandomSource {
public:
    // The highest value that is bound - 1 modulo bound for the bounds used here.
    explicit Greatest(std::uint64_t bound) : bound_(bound) {}
    std::uint64_t next() override { return bound_ - 1; }

private:
    std::uint64_t bound_;
};

constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("backoff: the jitter is full: from nothing to the whole limit, both ends included") {
    const Backoff backoff{Millis{1'000}, Millis{600'000}};
    Least least;
    for (const std::int64_t attempt : {0, 1, 5, 40}) {
        CHECK(backoff.delay(attempt, least) == Millis{0});
    }
    Greatest first(1'001);
    CHECK(backoff.delay(0, first) == Millis{1'000});
    Greatest fourth(8'001);
    CHECK(backoff.delay(3, fourth) == Millis{8'000});
    Greatest capped(600'001);
    CHECK(backoff.delay(10, capped) == Millis{600'000});
}

TEST_CASE("backoff: every delay is within min(cap, base * 2^attempt), whatever is drawn") {
    SeededRandom random(11);
    const Backoff backoff{Millis{250}, Millis{30'000}};
    std::int64_t limit = 250;
    for (std::int64_t attempt = 0; attempt < 12; ++attempt) {
        CAPTURE(attempt);
        std::int64_t longest = 0;
        for (int i = 0; i < 2'000; ++i) {
            const std::int64_t delay = backoff.delay(attempt, random).count();
            REQUIRE(delay >= 0);
            REQUIRE(delay <= limit);
            longest = std::max(longest, delay);
        }
        CHECK(longest > limit * 9 / 10);  // the range is used, not only its beginning
        limit = std::min<std::int64_t>(30'000, limit * 2);
    }
}

TEST_CASE("backoff: half of the storm comes in the first half of the wait") {
    SeededRandom random(5);
    const Backoff backoff{Millis{10'000}, Millis{10'000}};
    int early = 0;
    for (int i = 0; i < 10'000; ++i) {
        early += backoff.delay(0, random) < Millis{5'000} ? 1 : 0;
    }
    CHECK(early > 4'800);
    CHECK(early < 5'200);
}

TEST_CASE("backoff: no count of attempts overflows") {
    SeededRandom random(3);
    const Backoff usual{Millis{1'000}, Millis{600'000}};
    for (const std::int64_t attempt : {std::int64_t{-1}, std::int64_t{31}, std::int64_t{63},
                                       std::int64_t{64}, std::int64_t{1'000'000}, k_most}) {
        CAPTURE(attempt);
        const Millis delay = usual.delay(attempt, random);
        CHECK(delay >= Millis{0});
        CHECK(delay <= Millis{600'000});
    }
    CHECK(usual.delay(-5, random) <= Millis{1'000});  // as the first
}

TEST_CASE("backoff: no base or cap overflows") {
    Greatest day(86'400'001);
    const Backoff long_base{Millis{k_most / 2}, Millis{86'400'000}};
    CHECK(long_base.delay(0, day) == Millis{86'400'000});
    CHECK(long_base.delay(1, day) == Millis{86'400'000});
    CHECK(long_base.delay(40, day) == Millis{86'400'000});
    SeededRandom random(2);
    const Backoff endless{Millis{1'000}, Millis{k_most}};
    CHECK(endless.delay(60, random) >= Millis{0});
    const Backoff none{Millis{0}, Millis{0}};
    CHECK(none.delay(7, random) == Millis{0});
    for (const std::int64_t attempt : {0, 1, 2, 29, 30, 40}) {
        CAPTURE(attempt);
        for (int i = 0; i < 100; ++i) {
            CHECK(long_base.delay(attempt, random) <= Millis{86'400'000});
            CHECK(long_base.delay(attempt, random) >= Millis{0});
        }
    }
}

TEST_CASE("backoff: half certain is from half of the window to all of it, both ends included") {
    const Backoff backoff{Millis{1'000}, Millis{600'000}};
    Least least;
    CHECK(backoff.half_certain(0, least) == Millis{500});
    CHECK(backoff.half_certain(3, least) == Millis{4'000});
    CHECK(backoff.half_certain(10, least) == Millis{300'000});
    CHECK(backoff.half_certain(k_most, least) == Millis{300'000});
    CHECK(backoff.half_certain(-5, least) == Millis{500});  // as the first
    Greatest first(501);
    CHECK(backoff.half_certain(0, first) == Millis{1'000});
    Greatest fourth(4'001);
    CHECK(backoff.half_certain(3, fourth) == Millis{8'000});
    Greatest capped(300'001);
    CHECK(backoff.half_certain(10, capped) == Millis{600'000});
}

TEST_CASE("backoff: half certain uses all of its jitter, and no window is exceeded") {
    SeededRandom random(13);
    const Backoff backoff{Millis{250}, Millis{30'000}};
    std::int64_t window = 250;
    for (std::int64_t attempt = 0; attempt < 12; ++attempt) {
        CAPTURE(attempt);
        std::int64_t shortest = k_most;
        std::int64_t longest = 0;
        for (int i = 0; i < 2'000; ++i) {
            const std::int64_t wait = backoff.half_certain(attempt, random).count();
            REQUIRE(wait >= window / 2);
            REQUIRE(wait <= window);
            shortest = std::min(shortest, wait);
            longest = std::max(longest, wait);
        }
        CHECK(shortest < window * 11 / 20);
        CHECK(longest > window * 19 / 20);
        window = std::min<std::int64_t>(30'000, window * 2);
    }
}

TEST_CASE("backoff: half certain is never no time at all, however small the window is") {
    SeededRandom random(4);
    const Backoff none{Millis{0}, Millis{0}};
    const Backoff least{Millis{1}, Millis{1}};
    const Backoff odd{Millis{3}, Millis{3}};
    for (int i = 0; i < 100; ++i) {
        CHECK(none.half_certain(i, random) == Millis{1});
        CHECK(least.half_certain(i, random) == Millis{1});
        CHECK(odd.half_certain(i, random) >= Millis{2});
        CHECK(odd.half_certain(i, random) <= Millis{3});
    }
}

TEST_CASE("backoff: half certain does not overflow either") {
    SeededRandom random(6);
    const Backoff long_base{Millis{k_most / 2}, Millis{86'400'000}};
    const Backoff endless{Millis{k_most}, Millis{k_most}};
    for (const std::int64_t attempt :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{40}, k_most}) {
        CAPTURE(attempt);
        CHECK(long_base.half_certain(attempt, random) >= Millis{43'200'000});
        CHECK(long_base.half_certain(attempt, random) <= Millis{86'400'000});
        CHECK(endless.half_certain(attempt, random) >= Millis{k_most / 2});
    }
}
