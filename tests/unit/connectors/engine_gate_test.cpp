// When the engine may call: the rate, the peace that the other side asks for, and the circuit.
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

using Kind = Settlement::Kind;

DeliveryLimits brittle() {
    DeliveryLimits out;
    out.circuit_failures = 2;
    out.circuit = {Millis{10'000}, Millis{60'000}};
    return out;
}

// An engine whose circuit has just opened.
struct Broken : EngineWorld {
    explicit Broken(DeliveryLimits with = brittle()) : EngineWorld(with) {
        deliver(1, down());
        deliver(2, down());
        REQUIRE(engine.circuit().state() == CircuitState::open);
    }
};

}  // namespace

TEST_CASE("engine: leases no more than its rate allows, and waits for the next token") {
    DeliveryLimits limits;
    limits.per_minute = 120;  // two at once, then one each 500 ms
    EngineWorld w(limits);
    CHECK(w.step<LeaseStep>().max == 2);
    w.answer({delivery(1), delivery(2)});
    (void)w.step<AttemptStep>();
    (void)w.step<AttemptStep>();
    w.engine.notify();
    CHECK(w.wait_ms() == Millis{500});
    w.clock.advance(Millis{500});
    CHECK(w.step<LeaseStep>().max == 1);
}

TEST_CASE("engine: a wall clock set forward buys no calls") {
    DeliveryLimits limits;
    limits.per_minute = 60;
    EngineWorld w(limits);
    w.begin(1, 1);
    w.clock.step_wall(std::chrono::hours{24});
    w.engine.notify();
    (void)w.step<WaitStep>();
}

TEST_CASE("engine: Retry-After holds back the whole connector, up to its cap") {
    DeliveryLimits limits;
    limits.retry_after_cap = Millis{60'000};
    const struct {
        Millis asked, held;
    } rows[] = {{Millis{7'000}, Millis{7'000}}, {Millis{86'400'000}, Millis{60'000}}};
    for (const auto& row : rows) {
        EngineWorld w(limits);
        w.begin(1, 1);
        w.finish(1, DeliveryResult::retry_later(Cause::throttled, "429", row.asked));
        const auto verdict = w.settle();
        CHECK(verdict.at >= w.clock.now() + row.held);
        const auto begin = w.clock.steady_now();
        w.engine.notify();
        w.wait_out();
        (void)w.step<LeaseStep>();
        CHECK(w.clock.steady_now() - begin == row.held);
    }
}

TEST_CASE("engine: a shorter wish for peace does not shorten a longer one") {
    EngineWorld w;
    w.begin(1, 2);
    w.finish(1, DeliveryResult::retry_later(Cause::throttled, "429", Millis{20'000}));
    w.finish(2, DeliveryResult::retry_later(Cause::throttled, "429", Millis{1'000}));
    w.settle();
    w.settle();
    const auto begin = w.clock.steady_now();
    w.wait_out();
    CHECK(w.clock.steady_now() - begin >= Millis{20'000});
}

TEST_CASE("engine: a tool that has enough and names no time is left alone, longer each time") {
    DeliveryLimits limits;
    limits.backoff = {Millis{2'000}, Millis{60'000}};
    for (const std::optional<Millis> named : {std::optional<Millis>{}, std::optional{Millis{0}}}) {
        EngineWorld w(limits);
        std::int64_t id = 0;
        for (const std::int64_t window : {2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
            CAPTURE(window);
            w.begin(id + 1, id + 4);
            const auto begin = w.clock.steady_now();
            for (int i = 1; i <= 4; ++i) {
                w.finish(id + i, DeliveryResult::retry_later(Cause::throttled, "429", named));
            }
            for (int i = 1; i <= 4; ++i) CHECK(w.settle().kind == Kind::retry);
            id += 4;
            w.engine.notify();
            w.wait_out();
            const auto away = w.clock.steady_now() - begin;
            CHECK(away >= Millis{window / 2});
            CHECK(away <= Millis{window});
        }
        w.deliver(id + 1, DeliveryResult::accepted(""));
        w.begin(id + 2, id + 2);
        const auto begin = w.clock.steady_now();
        w.finish(id + 2, DeliveryResult::retry_later(Cause::throttled, "429", named));
        w.settle();
        w.wait_out();
        CHECK(w.clock.steady_now() - begin <= Millis{2'000});
        CHECK(w.engine.circuit().state() == CircuitState::closed);
    }
}

TEST_CASE("engine: what was leased when peace was asked for goes back until it ends, not burned") {
    EngineWorld w;
    w.begin(1, 1);
    w.engine.notify();
    (void)w.step<LeaseStep>();
    w.finish(1, DeliveryResult::retry_later(Cause::throttled, "429", Millis{9'000}));
    w.answer({delivery(2), delivery(3)});
    w.settle();
    const auto step = w.step<SettleStep>();
    CHECK(step.settlements.size() == 2);  // in one commit
    for (const std::int64_t id : {2, 3}) {
        const auto verdict = w.settle();
        CHECK(verdict.id == DeliveryId{id});
        CHECK(verdict.kind == Kind::release);
        CHECK(verdict.at >= w.clock.now() + Millis{9'000});
    }
    (void)w.step<WaitStep>();
    CHECK(w.count("released") == 2);
}

TEST_CASE("engine: failures of the tool in a row open the circuit; then nothing is leased") {
    Broken w;
    w.engine.notify();
    const auto begin = w.clock.steady_now();
    w.wait_out();
    const auto closed_off = w.clock.steady_now() - begin;
    CHECK(closed_off >= Millis{5'000});
    CHECK(closed_off <= Millis{10'000});
    CHECK(w.step<LeaseStep>().max == 1);  // a probe
}

TEST_CASE("engine: answers that refuse or throttle a delivery do not open the circuit") {
    DeliveryLimits limits = brittle();
    limits.circuit_failures = 1;
    EngineWorld w(limits);
    w.deliver(1, DeliveryResult::rejected(Cause::refused, "422"));
    w.deliver(2, DeliveryResult::retry_later(Cause::throttled, "429"));
    w.wait_out();
    w.deliver(3, DeliveryResult::retry_later(Cause::busy, "409"));
    w.deliver(4, DeliveryResult::rejected(Cause::bad_payload, "no incident"));
    CHECK(w.engine.circuit().state() == CircuitState::closed);
    w.deliver(5, DeliveryResult::ambiguous(Cause::timeout, "no answer"));
    CHECK(w.engine.circuit().state() == CircuitState::open);
}

TEST_CASE("engine: a receiver that turns everything away costs a few tries, not what waits") {
    EngineWorld w(brittle());
    std::size_t dead = 0;
    std::size_t sent = 0;
    const Instant day_after = w.clock.now() + std::chrono::hours{12};
    for (std::int64_t id = 1; w.clock.now() < day_after; ++id) {
        w.wait_out();
        if (w.clock.now() >= day_after) break;
        w.begin(id, id);
        ++sent;
        w.finish(id, DeliveryResult::retry_later(Cause::turned_away, "status 401"));
        dead += w.settle().kind == Kind::dead ? 1 : 0;
    }
    CHECK(dead == 0);
    CHECK(sent < 12 * 60 * 3);  // a probe in 20 to 60 s, after the first few
    CHECK(w.engine.circuit().cause() == Cause::turned_away);
}

TEST_CASE("engine: one probe at a time; its success opens the doors, its failure shuts them") {
    Broken w;
    w.wait_out();
    w.begin(3, 3);
    w.engine.notify();
    (void)w.step<WaitStep>();  // beside a probe nothing is sent
    w.finish(3, down());
    w.settle();
    CHECK(w.engine.circuit().state() == CircuitState::open);
    w.wait_out();
    w.deliver(4, DeliveryResult::rejected(Cause::refused, "422"));  // an answer: it lives
    CHECK(w.engine.circuit().state() == CircuitState::closed);
    CHECK(w.step<LeaseStep>().max == w.limits.concurrency);
}

TEST_CASE("engine: a probe that asked nothing of the other side is followed by another") {
    Broken w;
    w.wait_out();
    w.deliver(3, DeliveryResult::rejected(Cause::bad_payload, "no incident"));
    CHECK(w.engine.circuit().state() == CircuitState::half_open);
    CHECK(w.step<LeaseStep>().max == 1);
}

TEST_CASE("engine: a probe's row that dies unsent does not use up the probe") {
    Broken w;
    w.wait_out();
    w.lease({delivery(3, w.limits.max_attempts + 1)});
    CHECK(w.settle().kind == Kind::dead);
    CHECK(w.step<LeaseStep>().max == 1);
}

TEST_CASE("engine: what was leased when the circuit opened goes back, not burned") {
    EngineWorld w(brittle());
    w.begin(1, 2);
    w.engine.notify();
    (void)w.step<LeaseStep>();
    w.finish(1, down());
    w.finish(2, down());
    w.answer({delivery(3)});
    w.settle();
    w.settle();
    const auto verdict = w.settle();
    CHECK(verdict.kind == Kind::release);
    CHECK(verdict.at >= w.clock.now() + Millis{5'000});
}

TEST_CASE("engine: late ends of calls from before the circuit opened do not close it") {
    EngineWorld w(brittle());
    w.begin(1, 3);
    w.finish(1, down());
    w.finish(2, down());
    w.finish(3, DeliveryResult::accepted("R3"));
    CHECK(w.engine.circuit().state() == CircuitState::open);
    w.settle();
    w.settle();
    CHECK(w.settle().kind == Kind::delivered);
}

TEST_CASE("engine: a 503 with Retry-After keeps the circuit open at least that long") {
    EngineWorld w(brittle());
    const auto unwell = DeliveryResult::retry_later(Cause::server_error, "503", Millis{120'000});
    w.begin(1, 2);
    w.finish(1, unwell);
    w.finish(2, unwell);
    w.settle();
    w.settle();
    const auto begin = w.clock.steady_now();
    w.wait_out();
    CHECK(w.clock.steady_now() - begin >= Millis{120'000});
}
