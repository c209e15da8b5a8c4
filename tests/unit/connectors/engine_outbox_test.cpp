// The engine and an outbox that fails: verdicts are kept, leases are asked for again, and a stop
// ends all the same.
#include <algorithm>

#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

using Kind = Settlement::Kind;

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
        w.engine.settled(first, disk_full());
        (void)w.step<WaitStep>();
        w.wait_out();
        // Other rows may be asked for meanwhile.
        Step next = w.engine.next();
        if (std::holds_alternative<LeaseStep>(next)) w.answer({});
        w.wait_out();
        const auto again = w.step<SettleStep>().settlements;
        REQUIRE(again.size() == 1);
        CHECK(again[0].kind == Kind::delivered);
        CHECK(again[0].text == "R1");
        CHECK(again[0].at == first.settlements.at(0).at);
    }
    w.engine.settled(first, {});
    CHECK(w.engine.held() == 0);
}

TEST_CASE("engine: a row whose verdict waits is not sent again, even when its lease runs out") {
    EngineWorld w;
    w.begin(1, 1);
    w.finish(1, DeliveryResult::accepted("R1"));
    w.engine.settled(w.step<SettleStep>(), disk_full());
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
    const auto written = [&w] {  // the outbox does not take row 1, alone or among others
        const auto step = w.step<SettleStep>();
        std::vector<std::int64_t> ids;
        for (const Settlement& one : step.settlements) ids.push_back(one.id.value);
        const bool refused = std::find(ids.begin(), ids.end(), 1) != ids.end();
        w.engine.settled(step, refused ? Result<void>(disk_full()) : Result<void>());
        if (refused) w.engine.leased(LeaseAnswer{});  // the outbox as such is well
        w.wait_out();
        return ids;
    };
    using Ids = std::vector<std::int64_t>;
    CHECK(written() == Ids{1, 2, 3});
    CHECK(written() == Ids{1});
    CHECK(written() == Ids{2});
    CHECK(written() == Ids{3});
    CHECK(written() == Ids{1});
    CHECK(w.engine.held() == 1);
}

TEST_CASE("engine: a stop gives each verdict a try of its own, whatever failed before it") {
    EngineWorld w;
    w.begin(1, 2);
    for (int i = 0; i < 9; ++i) {  // more failures than a stop waits for
        w.engine.notify();
        w.wait_out();
        (void)w.step<LeaseStep>();
        w.engine.leased(disk_full());
    }
    w.engine.stop();
    for (const std::int64_t id : {1, 2}) w.finish(id, DeliveryResult::accepted(""));
    const auto both = w.step<SettleStep>();
    REQUIRE(both.settlements.size() == 2);
    w.engine.settled(both, disk_full());
    CHECK(w.engine.held() == 2);
    w.wait_out();
    w.engine.settled(w.step<SettleStep>(), disk_full());
    CHECK(w.count("verdict_lost") == 1);
    CHECK(w.settle().id == DeliveryId{2});
    (void)w.step<StoppedStep>();
}

TEST_CASE("engine: a stop waits a while for a failing outbox and takes what it then takes") {
    EngineWorld w;
    w.begin(1, 1);
    w.engine.stop();
    w.finish(1, DeliveryResult::accepted("R1"));
    w.engine.settled(w.step<SettleStep>(), disk_full());
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
        w.engine.settled(w.step<SettleStep>(), disk_full());
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
        Result<void> settle(const std::vector<Settlement>&) override { return disk_full(); }
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
}
