#include "connectors/engine/circuit.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace gantry;
using namespace gantry::connectors;

namespace {

using Steady = Circuit::Steady;

constexpr std::size_t k_any = std::numeric_limits<std::size_t>::max();

struct Fixture {
    explicit Fixture(int failures = 3, Backoff until_probe = {Millis{1'000}, Millis{8'000}})
        : circuit(failures, until_probe) {}
    void fail(bool probe = false, Steady not_before = Steady{}) {
        circuit.failed(probe, DeliveryResult::retry_later(Cause::connection, "refused"), now,
                       not_before, random);
    }
    void fail_times(int times) {
        for (int i = 0; i < times; ++i) fail();
    }
    [[nodiscard]] Millis closed_off() const {
        return std::chrono::ceil<Millis>(circuit.opens_until() - now);
    }
    void half_open() {
        now = circuit.opens_until();
        circuit.tick(now);
        REQUIRE(circuit.state() == CircuitState::half_open);
    }
    SeededRandom random{1};
    Steady now{std::chrono::hours{1}};
    Circuit circuit;
};

}  // namespace

TEST_CASE("circuit: opens at the given number of failures in a row, not before") {
    Fixture f(3);
    f.fail_times(2);
    CHECK(f.circuit.state() == CircuitState::closed);
    CHECK(f.circuit.permits() == k_any);
    f.circuit.succeeded(false);
    f.fail_times(2);
    CHECK(f.circuit.state() == CircuitState::closed);
    f.fail();
    CHECK(f.circuit.state() == CircuitState::open);
    CHECK(f.circuit.permits() == 0);
    CHECK(f.circuit.cause() == Cause::connection);
    CHECK(f.circuit.reason() == "refused");
}

TEST_CASE("circuit: an inconclusive end neither counts nor breaks the row of failures") {
    Fixture f(2);
    f.fail();
    f.circuit.inconclusive(false);
    CHECK(f.circuit.state() == CircuitState::closed);
    f.fail();
    CHECK(f.circuit.state() == CircuitState::open);
}

TEST_CASE("circuit: open until its time, then one probe at a time") {
    Fixture f(1);
    f.fail();
    f.circuit.tick(f.circuit.opens_until() - Millis{1});
    CHECK(f.circuit.state() == CircuitState::open);
    f.half_open();
    CHECK(f.circuit.permits() == 1);
    CHECK(f.circuit.begin());
    CHECK(f.circuit.permits() == 0);
    f.circuit.tick(f.now + std::chrono::hours{1});
    CHECK(f.circuit.permits() == 0);
}

TEST_CASE("circuit: a probe that is answered closes it, and failures count from zero again") {
    Fixture f(2);
    f.fail_times(2);
    f.half_open();
    REQUIRE(f.circuit.begin());
    f.circuit.succeeded(true);
    CHECK(f.circuit.state() == CircuitState::closed);
    CHECK(f.circuit.permits() == k_any);
    CHECK_FALSE(f.circuit.begin());
    f.fail();
    CHECK(f.circuit.state() == CircuitState::closed);
}

TEST_CASE("circuit: an inconclusive probe lets the next one go") {
    Fixture f(1);
    f.fail();
    f.half_open();
    REQUIRE(f.circuit.begin());
    f.circuit.inconclusive(true);
    CHECK(f.circuit.state() == CircuitState::half_open);
    CHECK(f.circuit.permits() == 1);
}

TEST_CASE("circuit: attempts that began before it opened change nothing") {
    Fixture f(1);
    f.fail();
    const Steady until = f.circuit.opens_until();
    f.now += Millis{100};
    f.fail_times(10);
    f.circuit.succeeded(false);
    CHECK(f.circuit.state() == CircuitState::open);
    CHECK(f.circuit.opens_until() == until);
    f.half_open();
    REQUIRE(f.circuit.begin());
    f.circuit.succeeded(false);
    f.fail();
    f.circuit.inconclusive(false);
    CHECK(f.circuit.state() == CircuitState::half_open);
    CHECK(f.circuit.permits() == 0);
}

TEST_CASE("circuit: each failed probe waits longer, half of it for certain, up to the cap") {
    Fixture f(1, {Millis{1'000}, Millis{8'000}});
    f.fail();
    for (const std::int64_t window : {1'000, 2'000, 4'000, 8'000, 8'000, 8'000}) {
        CAPTURE(window);
        CHECK(f.closed_off() >= Millis{window / 2});
        CHECK(f.closed_off() <= Millis{window});
        f.half_open();
        REQUIRE(f.circuit.begin());
        f.fail(true);
        REQUIRE(f.circuit.state() == CircuitState::open);
    }
    f.half_open();
    REQUIRE(f.circuit.begin());
    f.circuit.succeeded(true);
    f.fail();
    CHECK(f.closed_off() <= Millis{1'000});
}

TEST_CASE("circuit: down for a year, its wait does not overflow") {
    Fixture f(1, {Millis{3'600'000}, Millis{86'400'000}});
    f.fail();
    for (int i = 0; i < 400; ++i) {
        f.half_open();
        REQUIRE(f.circuit.begin());
        f.fail(true);
        REQUIRE(f.closed_off() > Millis{0});
        REQUIRE(f.closed_off() <= Millis{86'400'000});
    }
    CHECK(f.closed_off() >= Millis{43'200'000});
}

TEST_CASE("circuit: does not open again before the time that the other side named") {
    Fixture f(1);
    f.fail(false, f.now + Millis{60'000});
    CHECK(f.closed_off() == Millis{60'000});
    f.half_open();
    REQUIRE(f.circuit.begin());
    f.fail(true, f.now);
    CHECK(f.closed_off() >= Millis{1'000});
}

TEST_CASE("circuit: jitter spreads the probes of servers that failed together") {
    std::int64_t lowest = 1'000'000;
    std::int64_t highest = 0;
    Fixture f(1, {Millis{1'000}, Millis{1'000}});
    f.fail();
    for (int i = 0; i < 200; ++i) {
        lowest = std::min<std::int64_t>(lowest, f.closed_off().count());
        highest = std::max<std::int64_t>(highest, f.closed_off().count());
        f.half_open();
        REQUIRE(f.circuit.begin());
        f.fail(true);
    }
    CHECK(lowest < 550);
    CHECK(highest > 950);
}
