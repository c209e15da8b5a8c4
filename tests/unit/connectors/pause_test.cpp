#include "connectors/engine/pause.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::connectors;

namespace {

struct Fixture {
    // How long a refusal of a call that began now keeps it away.
    Millis throttled() {
        pause.throttled(pause.era(), now, random);
        return std::chrono::ceil<Millis>(pause.until() - now);
    }
    void wait_out() { now = pause.until(); }

    SeededRandom random{5};
    Pause::Steady now{std::chrono::hours{1}};
    Pause pause{Backoff{Millis{1'000}, Millis{8'000}}};
};

}  // namespace

TEST_CASE("pause: none before anybody asks") {
    Fixture f;
    CHECK(f.pause.until() <= f.now);
}

TEST_CASE("pause: each refusal after a pause asks for a longer one, half for certain, to the cap") {
    Fixture f;
    for (const std::int64_t window : {1'000, 2'000, 4'000, 8'000, 8'000, 8'000}) {
        CAPTURE(window);
        const Millis away = f.throttled();
        CHECK(away >= Millis{window / 2});
        CHECK(away <= Millis{window});
        f.wait_out();
    }
}

TEST_CASE("pause: jitter spreads what several servers do after it") {
    Millis lowest{1'000};
    Millis highest{};
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Fixture f;
        f.random = SeededRandom(seed);
        const Millis away = f.throttled();
        lowest = std::min(lowest, away);
        highest = std::max(highest, away);
    }
    CHECK(lowest < Millis{520});
    CHECK(highest > Millis{980});
}

TEST_CASE("pause: calls that were under way together are one refusal") {
    Fixture f;
    const auto begun = f.pause.era();
    f.pause.throttled(begun, f.now, f.random);
    const auto until = f.pause.until();
    for (int i = 0; i < 60; ++i) f.pause.throttled(begun, f.now, f.random);
    CHECK(f.pause.until() == until);
    f.wait_out();
    CHECK(f.throttled() <= Millis{2'000});
}

TEST_CASE("pause: what is taken ends the row of refusals, unless it began before the last") {
    Fixture f;
    const auto early = f.pause.era();
    (void)f.throttled();
    f.wait_out();
    (void)f.throttled();
    f.wait_out();
    f.pause.answered(early);
    CHECK(f.throttled() >= Millis{2'000});
    f.wait_out();
    f.pause.answered(f.pause.era());
    CHECK(f.throttled() <= Millis{1'000});
}

TEST_CASE("pause: a time that was named is kept to, and never shortens a longer one") {
    Fixture f;
    f.pause.asked(f.now + Millis{20'000});
    f.pause.asked(f.now + Millis{1'000});
    CHECK(f.throttled() == Millis{20'000});
    CHECK(f.pause.until() == f.now + Millis{20'000});
}

TEST_CASE("pause: even the shortest back-off is one, and the longest does not overflow") {
    Fixture f;
    f.pause = Pause(Backoff{Millis{1}, Millis{1}});
    CHECK(f.throttled() >= Millis{1});
    f.pause = Pause(Backoff{Millis{3'600'000}, Millis{86'400'000}});
    for (int i = 0; i < 100; ++i) {
        f.wait_out();
        const Millis away = f.throttled();
        REQUIRE(away >= Millis{1'800'000});
        REQUIRE(away <= Millis{86'400'000});
    }
}
