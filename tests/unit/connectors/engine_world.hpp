// EngineWorld: one Engine on a clock that stands still, and its steps by name: a test plays the
// driver by hand.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "connectors/engine/engine.hpp"
#include "tests/support/sim_clock.hpp"

namespace gantry::connectors::test {

inline Delivery delivery(std::int64_t id, std::int64_t attempts = 1) {
    Delivery out;
    out.id = DeliveryId{id};
    out.organisation = OrganisationId{1};
    out.connector = "desk";
    out.incident = IncidentId{id};
    out.idempotency_key = "INC000000" + std::to_string(id) + ".1.desk";
    out.payload = "{}";
    out.attempts = attempts;
    out.created_at = from_ms(1'764'000'000'000);
    return out;
}

class EngineWorld {
public:
    explicit EngineWorld(DeliveryLimits with = {})
        : limits(with), engine("desk", with, {clock, random, metrics, log}) {}

    // The next step, which must be of this kind.
    template <class Wanted>
    Wanted step() {
        Step next = engine.next();
        auto* wanted = std::get_if<Wanted>(&next);
        if (wanted == nullptr) FAIL("step of another kind: " << next.index());
        return std::move(*wanted);
    }
    // Answers the lease that must be next.
    void lease(const std::vector<Delivery>& rows, std::optional<Instant> next_due = {}) {
        const auto wanted = step<LeaseStep>();
        REQUIRE(rows.size() <= wanted.max);
        answer(rows, next_due);
    }
    void answer(const std::vector<Delivery>& rows, std::optional<Instant> next_due = {}) {
        LeaseAnswer out;
        for (const Delivery& row : rows) out.rows.push_back({row, ""});
        out.next_due = next_due;
        engine.leased(std::move(out));
    }
    // Leases and begins rows `first` to `last`.
    void begin(std::int64_t first, std::int64_t last) {
        std::vector<Delivery> rows;
        for (auto id = first; id <= last; ++id) rows.push_back(delivery(id));
        lease(rows);
        for (auto id = first; id <= last; ++id) {
            REQUIRE(step<AttemptStep>().row.delivery.id == DeliveryId{id});
        }
    }
    void finish(std::int64_t id, const DeliveryResult& result) {
        engine.finished(DeliveryId{id}, result, Millis{20});
    }
    // The next verdict, written: those that come in one step are handed out one by one.
    Settlement settle() {
        if (written_.empty()) {
            const auto verdicts = step<SettleStep>();
            engine.settled(verdicts, {});
            written_.assign(verdicts.settlements.begin(), verdicts.settlements.end());
        }
        Settlement verdict = std::move(written_.front());
        written_.pop_front();
        return verdict;
    }
    // From leasing to a written verdict.
    void deliver(std::int64_t id, const DeliveryResult& result) {
        begin(id, id);
        finish(id, result);
        settle();
    }
    [[nodiscard]] Millis wait_ms() {
        return std::chrono::ceil<Millis>(step<WaitStep>().until - clock.steady_now());
    }
    // Lets the engine wait until it wants something else.
    void wait_out(int most = 1'000) {
        for (int i = 0; i < most; ++i) {
            Step next = engine.next();
            const auto* wait = std::get_if<WaitStep>(&next);
            if (wait == nullptr) return;
            clock.advance(std::chrono::ceil<Millis>(wait->until - clock.steady_now()));
        }
        FAIL("waits for ever");
    }
    [[nodiscard]] std::int64_t count(const std::string& result) {
        return metrics
            .counter("gantry_deliveries_total", "Deliveries by what became of the attempt.",
                     {{"connector", "desk"}, {"result", result}})
            .value();
    }

    DeliveryLimits limits;
    gantry::test::SimClock clock;
    SeededRandom random{7};
    telemetry::Registry metrics;
    telemetry::Log log = telemetry::Log::silent();
    Engine engine;

private:
    std::deque<Settlement> written_;
};

inline DeliveryResult down() {
    return DeliveryResult::retry_later(Cause::connection, "connection refused");
}

}  // namespace gantry::connectors::test
