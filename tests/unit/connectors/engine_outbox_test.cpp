// The engine and an outbox that fails: verdicts are kept, leases are asked for again, and a stop
// ends all the same.
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

using Kind = SettleStep::Kind;

Error disk_full() { return fail(ErrorCode::unavailable, "the disk is full"); }

}  // namespace

TEST_CASE("engine: a lease that failed is asked for again, later each time, but not too late") {
    EngineWorld w;
    Millis longest{};
    for (int i = 0; i < 60; ++i) {
        (void)w.step<LeaseStep>();
        w.engine.leased(disk_full());
        const Millis wait = w.wait_ms();
        CHECK(wait >= Millis{50});
        CHECK(wait <= Millis{10'050});
        longest = std::max(longest, wait);
        w.wait_out();
    }
    CHECK(longest > Millis{1'000});
    w.lease({delivery(1)});
    (void)w.step<AttemptStep>();
    (void)w.step<WaitStep>();
    w.clock.advance(Millis{5'000});
    (void)w.step<LeaseStep>();
    w.engine.leased(disk_full());
    CHECK(w.wait_ms() <= Millis{250});  // counts from the beginning after a success
}

TEST_CASE("engine: a verdict that the outbox does not take is kept as it was and repeated") {
    EngineWorld w;
    w.begin(1, 1);
    w.finish(1, DeliveryResult::accepted("R1"));
    const auto first = w.step<SettleStep>();
    for (int i = 0; i < 20; ++i) {
        w.engine.settled(first.id, disk_full());
        (void)w.step<WaitStep>();
        w.wait_out();
        // Other rows may be asked for meanwhile.
        Step next = w.engine.next();
        if (std::holds_alternative<LeaseStep>(next)) w.answer({});
        w.wait_out();
        const auto again = w.step<SettleStep>();
        CHECK(again.kind == Kind::delivered);
        CHECK(again.text == first.text);
        CHECK(again.at == first.at);
    }
    w.engine.settled(first.id, {});
    CHECK(w.engine.held() == 0);
}

TEST_CASE("engine: a row whose verdict waits is not sent again, even when its lease runs out") {
    EngineWorld w;
    w.begin(1, 1);
    w.finish(1, DeliveryResult::accepted("R1"));
    w.engine.settled(w.step<SettleStep>().id, disk_full());
    w.engine.notify();
    w.lease({delivery(1, 2)});
    CHECK(w.count("lease_expired") == 1);
    w.wait_out();
    const auto verdict = w.settle();
    CHECK(verdict.kind == Kind::delivered);
    CHECK(w.engine.held() == 0);
}

TEST_CASE("engine: a row under way is not sent again when its lease runs out") {
    EngineWorld w;
    w.begin(1, 1);
    w.clock.step_wall(std::chrono::hours{1});
    w.engine.notify();
    w.lease({delivery(1, 2), delivery(2)});
    CHECK(w.step<AttemptStep>().row.delivery.id == DeliveryId{2});
    CHECK(w.engine.held() == 2);
    (void)w.step<WaitStep>();
}

TEST_CASE("engine: one verdict that fails does not keep the others from being written") {
    EngineWorld w;
    w.begin(1, 3);
    for (const std::int64_t id : {1, 2, 3}) w.finish(id, DeliveryResult::accepted(""));
    w.engine.settled(w.step<SettleStep>().id, disk_full());
    w.engine.leased(LeaseAnswer{});
    w.wait_out();
    CHECK(w.settle().id == DeliveryId{2});
    CHECK(w.settle().id == DeliveryId{3});
    CHECK(w.settle().id == DeliveryId{1});
}

TEST_CASE("engine: a row that is gone from the outbox has no verdict to write") {
    EngineWorld w;
    w.begin(1, 1);
    w.finish(1, down());
    w.engine.settled(w.step<SettleStep>().id, fail(ErrorCode::not_found, "no delivery 1"));
    CHECK(w.engine.held() == 0);
    (void)w.step<LeaseStep>();
}

TEST_CASE("engine: a stop waits a while for a failing outbox and takes what it then takes") {
    EngineWorld w;
    w.begin(1, 1);
    w.engine.stop();
    w.finish(1, DeliveryResult::accepted("R1"));
    w.engine.settled(w.step<SettleStep>().id, disk_full());
    w.wait_out();
    CHECK(w.settle().kind == Kind::delivered);
    (void)w.step<StoppedStep>();
    CHECK(w.count("verdict_lost") == 0);
}

TEST_CASE("engine: a stop ends within seconds though the outbox is broken for good") {
    EngineWorld w;
    w.begin(1, 4);
    w.engine.stop();
    for (const std::int64_t id : {1, 2, 3, 4}) w.finish(id, DeliveryResult::accepted(""));
    const auto begin = w.clock.steady_now();
    int tries = 0;
    for (; w.engine.held() > 0 && tries < 100; ++tries) {
        w.wait_out();
        w.engine.settled(w.step<SettleStep>().id, disk_full());
    }
    (void)w.step<StoppedStep>();
    CHECK(tries >= 4);
    CHECK(w.clock.steady_now() - begin < Millis{10'000});
    CHECK(w.count("verdict_lost") == 4);
}

TEST_CASE("perform: a lease is answered with the remote ids of its rows and what is due next") {
    struct Rows final : Outbox {
        Result<std::vector<Delivery>> lease(const std::string& connector, Instant, Millis,
                                            std::size_t max) override {
            CHECK(connector == "desk");
            CHECK(max == 2);
            return std::vector<Delivery>{delivery(1), delivery(2)};
        }
        Result<void> delivered(DeliveryId, const std::string& id, Instant) override {
            return fail(ErrorCode::internal, "delivered " + id);
        }
        Result<void> retry(DeliveryId, const std::string& why, Instant) override {
            return fail(ErrorCode::internal, "retry " + why);
        }
        Result<void> dead(DeliveryId, const std::string& why, Instant) override {
            return fail(ErrorCode::internal, "dead " + why);
        }
        Result<void> release(DeliveryId, Instant) override {
            return fail(ErrorCode::internal, "release");
        }
        Result<std::string> remote_id(const std::string&, IncidentId incident) override {
            if (broken) return disk_full();
            return "R" + std::to_string(incident.value);
        }
        Result<std::optional<Instant>> next_due(const std::string&) override {
            return std::optional<Instant>{from_ms(5)};
        }
        bool broken = false;
    } rows;
    const auto answer = perform(LeaseStep{2, Millis{1'000}}, "desk", from_ms(1), rows);
    REQUIRE(answer);
    REQUIRE(answer->rows.size() == 2);
    CHECK(answer->rows[1].delivery.id == DeliveryId{2});
    CHECK(answer->rows[1].remote_id == "R2");
    CHECK(answer->next_due == from_ms(5));
    rows.broken = true;
    CHECK(perform(LeaseStep{2, Millis{1'000}}, "desk", from_ms(1), rows).error() == disk_full());
    const auto told = [&rows](Kind kind) {
        return perform(SettleStep{DeliveryId{1}, kind, "text", {}}, rows).error().message;
    };
    CHECK(told(Kind::delivered) == "delivered text");
    CHECK(told(Kind::retry) == "retry text");
    CHECK(told(Kind::dead) == "dead text");
    CHECK(told(Kind::release) == "release");
}
