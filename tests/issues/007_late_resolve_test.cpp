// A resolve that was sent again, by a retry or by the other member of a pair of monitors, arrived
// when the alert fired anew: it resolved the incident of the new outage.
#include <catch2/catch.hpp>

#include "correlator/explain/explain.hpp"
#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

Event at(Event event, Instant begin) {
    event.observed_at = begin;
    return event;
}

// Two outages: the first began at `first` and is over, the second has just begun.
struct TwoOutages : CorrelatorWorld {
    TwoOutages() {
        fold({at(firing("db"), first)});
        wait(Millis{30'000});
        fold({at(recovered("db"), first)});
        wait(Millis{30'000});
        second = now;
        const auto began = fold({at(firing("db"), second)});
        REQUIRE(began.decisions.at(0).dedup == DedupReason::new_episode);
        wait(Millis{5'000});
    }
    Instant first = now;
    Instant second{};
};

}  // namespace

TEST_CASE("issue 007: a late resolve of the last outage leaves the present one's ticket open") {
    TwoOutages world;
    const auto late = world.fold({at(recovered("db"), world.first)});
    CHECK(late.actions.empty());
    CHECK(late.alerts.empty());
    const auto& decision = late.decisions.at(0);
    CHECK(decision.dedup == DedupReason::already_resolved);
    CHECK(decision.outcome == Outcome::ignored);
    CHECK(world.correlator->counters().resolves_late == 1);
    const auto told = correlator::explain(decision, std::nullopt, correlator::default_rules(), {});
    CHECK(told.text().find("The episode that it means had been resolved before") !=
          std::string::npos);
    const auto real = world.fold({at(recovered("db"), world.second)});
    CHECK(real.decisions.at(0).dedup == DedupReason::recovered);
}

TEST_CASE("issue 007: the other member of a pair, whose begin is a little earlier, resolves") {
    TwoOutages world;
    const auto resolved = world.fold({at(recovered("db"), world.second - Millis{900})});
    CHECK(resolved.decisions.at(0).dedup == DedupReason::recovered);
}

TEST_CASE("issue 007: a resolve without a begin, or with one in the future, means the present") {
    for (const Millis ahead : {Millis{0}, Millis{3'600'000}}) {
        TwoOutages world;
        const auto resolved = world.fold({at(recovered("db"), world.now + ahead)});
        CHECK(resolved.decisions.at(0).dedup == DedupReason::recovered);
    }
}

TEST_CASE("issue 007: a first episode has none before it") {
    CorrelatorWorld world;
    world.fold({firing("db")});
    const auto resolved = world.fold({at(recovered("db"), world.now - Millis{60'000})});
    CHECK(resolved.decisions.at(0).dedup == DedupReason::recovered);
}

TEST_CASE("issue 007: an agent's resolve counts whatever age its slow upload gave it") {
    CorrelatorWorld world;
    const auto of_agent = [](Event event) {
        event.source = "agent";
        event.asset = AssetId{1};
        return event;
    };
    world.fold({of_agent(firing("disk")), of_agent(recovered("disk"))});
    world.fold({of_agent(firing("disk"))});
    const auto resolved = world.fold({of_agent(at(recovered("disk"), world.now - Millis{3'000}))});
    CHECK(resolved.decisions.at(0).dedup == DedupReason::recovered);
}

TEST_CASE("issue 007: the same verdict after a restart") {
    TwoOutages world;
    // The row as the store has it, of an undisturbed twin.
    TwoOutages twin;
    auto row = twin.fold({at(firing("db", Severity::warning), twin.second)}).alerts.at(0);
    world.correlator = correlator::make_correlator(correlator::default_rules(), {});
    world.correlator->restore(row);
    const auto late = world.fold({at(recovered("db"), world.first)});
    CHECK(late.decisions.at(0).dedup == DedupReason::already_resolved);
}
