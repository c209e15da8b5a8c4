// The engine by hand: what it asks for, in which order, and what it makes of answers.
#include "connectors/engine/engine.hpp"

#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

using Kind = Settlement::Kind;

}  // namespace

TEST_CASE("engine: asks for as many rows as may be under way, for longer than an attempt takes") {
    EngineWorld w;
    const auto lease = w.step<LeaseStep>();
    CHECK(lease.max == w.limits.concurrency);
    CHECK(lease.lease > w.limits.attempt_timeout);
}

TEST_CASE("engine: with nothing to send it waits a while, then asks again") {
    EngineWorld w;
    w.lease({});
    const Millis wait = w.wait_ms();
    CHECK(wait > Millis{1'000});
    CHECK(wait <= Millis{5'000});
    w.clock.advance(wait - Millis{1});
    (void)w.step<WaitStep>();
    w.clock.advance(Millis{1});
    (void)w.step<LeaseStep>();
}

TEST_CASE("engine: waits until the next row is due when that is sooner, but never not at all") {
    EngineWorld w;
    w.lease({}, w.clock.now() + Millis{700});
    CHECK(w.wait_ms() == Millis{700});
    w.wait_out();
    w.lease({}, w.clock.now() - Millis{60'000});  // due, yet not given: it is under way elsewhere
    CHECK(w.wait_ms() >= Millis{1});
    w.wait_out();
    w.lease({}, w.clock.now() + std::chrono::hours{5});
    CHECK(w.wait_ms() <= Millis{5'000});
}

TEST_CASE("engine: notify makes it ask at once") {
    EngineWorld w;
    w.lease({});
    (void)w.step<WaitStep>();
    w.engine.notify();
    (void)w.step<LeaseStep>();
}

TEST_CASE("engine: a leased row is sent with what the other side calls its incident") {
    EngineWorld w;
    (void)w.step<LeaseStep>();
    LeaseAnswer answer;
    answer.rows.push_back({delivery(3), "R3"});
    w.engine.leased(std::move(answer));
    const auto attempt = w.step<AttemptStep>();
    CHECK(attempt.row.delivery.idempotency_key == delivery(3).idempotency_key);
    CHECK(attempt.row.remote_id == "R3");
    CHECK(attempt.timeout == w.limits.attempt_timeout);
    CHECK(w.engine.attempting() == 1);
    CHECK(w.engine.held() == 1);
}

TEST_CASE("engine: what became of an attempt is written, then the row is out of its hands") {
    const struct {
        DeliveryResult result;
        Kind kind;
        std::string text;
    } rows[] = {
        {DeliveryResult::accepted("R1"), Kind::delivered, "R1"},
        {DeliveryResult::accepted(""), Kind::delivered, ""},
        {DeliveryResult::rejected(Cause::refused, "status 422"), Kind::dead, "status 422"},
        {DeliveryResult::retry_later(Cause::busy, "status 409"), Kind::retry, "status 409"},
        {DeliveryResult::ambiguous(Cause::timeout, "no answer"), Kind::retry, "no answer"},
    };
    for (const auto& row : rows) {
        EngineWorld w;
        w.begin(1, 1);
        w.finish(1, row.result);
        CHECK(w.engine.attempting() == 0);
        const auto step = w.step<SettleStep>();
        REQUIRE(step.settlements.size() == 1);
        const Settlement& verdict = step.settlements.front();
        CHECK(verdict.id == DeliveryId{1});
        CHECK(verdict.kind == row.kind);
        CHECK(verdict.text == row.text);
        CHECK(verdict.at >= w.clock.now());
        CHECK(w.engine.held() == 1);
        w.engine.settled(step, {});
        CHECK(w.engine.held() == 0);
        (void)w.step<LeaseStep>();  // the incident's next row may be free now
    }
}

TEST_CASE("engine: holds no more rows than may be under way, verdicts to be written included") {
    DeliveryLimits limits;
    limits.concurrency = 3;
    EngineWorld w(limits);
    w.begin(1, 2);
    w.engine.notify();
    CHECK(w.step<LeaseStep>().max == 1);
    w.answer({delivery(3)});
    (void)w.step<AttemptStep>();
    w.engine.notify();
    (void)w.step<WaitStep>();
    w.finish(1, DeliveryResult::accepted(""));
    const auto verdict = w.step<SettleStep>();
    w.engine.notify();
    (void)w.step<SettleStep>();  // still the most urgent, and its row still counts
    w.engine.settled(verdict, {});
    CHECK(w.step<LeaseStep>().max == 1);
}

TEST_CASE("engine: verdicts known at the same time are written in one commit, later ones after") {
    EngineWorld w;
    w.begin(1, 4);
    for (const std::int64_t id : {2, 1, 4}) w.finish(id, DeliveryResult::accepted(""));
    const auto first = w.step<SettleStep>();
    w.finish(3, DeliveryResult::rejected(Cause::refused, "status 422"));  // while it is written
    CHECK(w.engine.held() == 4);
    REQUIRE(first.settlements.size() == 3);
    CHECK(first.settlements[0].id == DeliveryId{2});
    CHECK(first.settlements[2].id == DeliveryId{4});
    w.engine.settled(first, {});
    CHECK(w.engine.held() == 1);
    const auto second = w.step<SettleStep>();
    REQUIRE(second.settlements.size() == 1);
    CHECK(second.settlements[0].id == DeliveryId{3});
    CHECK(second.settlements[0].kind == Kind::dead);
}

TEST_CASE("engine: verdicts are written before rows begin, and rows begin before more are leased") {
    EngineWorld w;
    w.begin(1, 1);
    w.engine.notify();
    (void)w.step<LeaseStep>();
    w.finish(1, DeliveryResult::accepted(""));
    w.answer({delivery(2)}, w.clock.now());
    w.engine.notify();
    CHECK(w.settle().id == DeliveryId{1});
    CHECK(w.step<AttemptStep>().row.delivery.id == DeliveryId{2});
    (void)w.step<LeaseStep>();
}

TEST_CASE("engine: an end of an attempt that it does not know of changes nothing") {
    EngineWorld w;
    w.begin(1, 1);
    w.finish(2, DeliveryResult::accepted(""));
    w.finish(1, DeliveryResult::rejected(Cause::refused, "first"));
    w.finish(1, DeliveryResult::accepted("second"));
    const auto verdict = w.settle();
    CHECK(verdict.kind == Kind::dead);
    w.finish(1, DeliveryResult::accepted("third"));
    w.engine.settled(SettleStep{{verdict}}, {});
    CHECK(w.engine.held() == 0);
    (void)w.step<LeaseStep>();
}

TEST_CASE("engine: a row leased more often than it may be tried dies unsent") {
    DeliveryLimits limits;
    limits.max_attempts = 5;
    EngineWorld w(limits);
    Delivery killer = delivery(1, 6);
    killer.last_error = "status 500";
    w.lease({killer, delivery(2, 5)});
    const auto verdict = w.settle();
    CHECK(verdict.id == DeliveryId{1});
    CHECK(verdict.kind == Kind::dead);
    CHECK(verdict.text.find("status 500") != std::string::npos);
    CHECK(w.step<AttemptStep>().row.delivery.id == DeliveryId{2});
    CHECK(w.count("exhausted") == 1);
}

TEST_CASE("engine: stopped while idle, it is done at once; while sending, when that has ended") {
    EngineWorld idle;
    idle.lease({});
    idle.engine.stop();
    (void)idle.step<StoppedStep>();

    EngineWorld w;
    w.begin(1, 2);
    w.engine.stop();
    (void)w.step<WaitStep>();
    w.finish(2, DeliveryResult::accepted("R2"));
    CHECK(w.settle().kind == Kind::delivered);
    w.engine.notify();
    (void)w.step<WaitStep>();  // nothing more is leased
    w.finish(1, down());
    CHECK(w.settle().kind == Kind::retry);
    (void)w.step<StoppedStep>();
}

TEST_CASE("engine: stopped, it gives back what it leased and did not begin") {
    EngineWorld w;
    (void)w.step<LeaseStep>();
    w.engine.stop();
    w.answer({delivery(1), delivery(2)});
    for (const std::int64_t id : {1, 2}) {
        const auto verdict = w.settle();
        CHECK(verdict.id == DeliveryId{id});
        CHECK(verdict.kind == Kind::release);
        CHECK(verdict.at <= w.clock.now());
    }
    (void)w.step<StoppedStep>();
    CHECK(w.count("released") == 2);
}
