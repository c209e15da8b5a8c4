// Bounds, retention and what is counted when something is dropped.
#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

Options at_most(std::size_t alerts, std::size_t assets = 1000) {
    Options options;
    options.max_live_alerts = alerts;
    options.max_assets = assets;
    return options;
}

constexpr Millis k_week{7 * 86'400'000LL};

}  // namespace

TEST_CASE("limits: past the bound of live alerts the longest resolved are forgotten first") {
    CorrelatorWorld world(default_rules(), at_most(3));
    world.fold({firing("a"), firing("b"), firing("c")});
    world.fold({recovered("b")});
    world.wait(Millis{1});
    world.fold({recovered("a")});
    const auto changes = world.fold({firing("d"), firing("e")});
    CHECK(changes.forgotten == std::vector{AlertId{2}, AlertId{1}});
    CHECK(world.correlator->live_alerts() == 3);
    CHECK(world.correlator->counters().alerts_evicted == 2);
    CHECK(world.step(firing("c")).dedup == DedupReason::same_episode);
    CHECK(world.step(recovered("a")).dedup == DedupReason::never_fired);
}

TEST_CASE("limits: when all of them fire a new alert is refused, recorded and counted") {
    CorrelatorWorld world(default_rules(), at_most(2));
    world.fold({firing("a"), firing("b")});
    const auto changes = world.fold({firing("c"), firing("a", Severity::warning)});
    REQUIRE(changes.decisions.size() == 2);
    CHECK(changes.decisions[0].dedup == DedupReason::no_room);
    CHECK(changes.decisions[0].outcome == Outcome::ignored);
    CHECK_FALSE(changes.decisions[0].alert.is_set());
    CHECK(changes.decisions[1].outcome == Outcome::priority_changed);
    CHECK(world.correlator->counters().alerts_refused == 1);
    world.fold({recovered("a")});
    CHECK(world.step(firing("c")).dedup == DedupReason::first_seen);
}

TEST_CASE("limits: an alert made and evicted in one transaction leaves no row behind") {
    CorrelatorWorld world(default_rules(), at_most(1));
    Changes changes;
    std::vector<Event> events{firing("a"), recovered("a"), firing("b")};
    world.correlator->fold({JournalSeq{1}, world.now}, events, world.sequences, changes);
    REQUIRE(changes.alerts.size() == 1);
    CHECK(changes.alerts[0].text.key() == "b");
    CHECK(changes.forgotten == std::vector{AlertId{1}});
    events = {recovered("b"), firing("c")};
    world.correlator->fold({JournalSeq{2}, world.now}, events, world.sequences, changes);
    REQUIRE(changes.alerts.size() == 1);
    CHECK(changes.alerts[0].text.key() == "c");
    CHECK(changes.forgotten == std::vector{AlertId{1}, AlertId{2}});
}

TEST_CASE("limits: a resolved alert is forgotten after the retention, a refired one is not") {
    CorrelatorWorld world;
    world.fold({firing("a"), firing("b")});
    world.fold({recovered("a"), recovered("b")});
    world.wait(k_week - Millis{1});
    world.fold({firing("b")});
    CHECK(world.fold({}).forgotten.empty());
    world.wait(Millis{1});
    CHECK(world.fold({}).forgotten == std::vector{AlertId{1}});
    world.wait(k_week * 2);
    CHECK(world.fold({}).forgotten.empty());
    CHECK(world.correlator->live_alerts() == 1);
}

TEST_CASE("limits: an alert outlives its retention while a person keeps its incident open") {
    CorrelatorWorld world;
    const auto opened = world.fold({firing("a")}).actions.at(0);
    world.person(opened, IncidentState::in_progress, true);
    world.fold({recovered("a")});
    world.wait(k_week * 3);
    CHECK(world.fold({}).forgotten.empty());
    CHECK(world.step(firing("a")).promote == PromoteReason::joined_open_incident);
    world.fold({recovered("a")});
    world.wait(k_week * 3);
    CHECK(world.fold({}).forgotten.empty());
    world.person(opened, IncidentState::closed, true, CloseCode::solved);
    CHECK(world.fold({}).forgotten == std::vector{AlertId{1}});
}

TEST_CASE("limits: many old alerts are forgotten over several records") {
    CorrelatorWorld world;
    std::vector<Event> all;
    for (int i = 0; i < 600; ++i) all.push_back(firing("k" + std::to_string(i)));
    world.fold(all);
    for (auto& event : all) event.action = EventAction::resolved;
    world.fold(all);
    world.wait(k_week);
    CHECK(world.fold({}).forgotten.size() == 256);
    CHECK(world.fold({}).forgotten.size() == 256);
    CHECK(world.fold({}).forgotten.size() == 88);
    CHECK(world.correlator->live_alerts() == 0);
}

TEST_CASE("limits: past the bound of assets an unknown host goes to its source's asset") {
    CorrelatorWorld world(default_rules(), at_most(1000, 2));
    const auto changes =
        world.fold({firing("a", Severity::critical, "h1"), firing("b", Severity::critical, "h2"),
                    firing("c", Severity::critical, "h3"), firing("d", Severity::critical, "h1")});
    REQUIRE(changes.new_assets.size() == 3);
    CHECK(changes.new_assets[2].name == "generic");
    CHECK(changes.decisions[2].asset == AssetId{3});
    CHECK(changes.decisions[3].asset == AssetId{1});
    auto service = firing("e", Severity::critical, "");
    service.labels = {{"service", "invented"}};
    CHECK(world.step(service).asset == AssetId{3});
    CHECK(world.correlator->counters().assets_refused == 2);
}

TEST_CASE("limits: resolves of unknown and resolved alerts are recorded and counted") {
    CorrelatorWorld world;
    world.fold({firing("a"), recovered("a")});
    const auto changes = world.fold({recovered("a"), recovered("b")});
    REQUIRE(changes.decisions.size() == 2);
    CHECK(changes.alerts.empty());
    CHECK(changes.actions.empty());
    for (const auto& decision : changes.decisions) CHECK(decision.outcome == Outcome::ignored);
    CHECK(world.correlator->counters().resolves_late == 1);
    CHECK(world.correlator->counters().resolves_unknown == 1);
}

TEST_CASE("limits: rules that do not compile are refused at construction") {
    auto rules = default_rules();
    rules.promote[0].match.push_back({"host", Matcher::Op::regex, "("});
    CHECK_THROWS_AS(make_correlator(rules), std::invalid_argument);
}
