// What a full state does not list has ended.
#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

Event agent_says(const std::string& check, std::int64_t asset = 12) {
    Event event = firing("asset/" + std::to_string(asset) + "/" + check);
    event.source = k_agent_source;
    event.asset = AssetId{asset};
    return event;
}

Event full_state(std::vector<std::string> checks, std::int64_t asset = 12) {
    Event event;
    event.organisation = OrganisationId{1};
    event.source = k_agent_source;
    event.action = EventAction::resolved;
    event.asset = AssetId{asset};
    for (std::string& check : checks) {
        check = "asset/" + std::to_string(asset) + "/" + check;
    }
    std::sort(checks.begin(), checks.end());
    event.full_state = std::move(checks);
    return event;
}

std::vector<std::string> resolved_keys(const Changes& changes) {
    std::vector<std::string> out;
    for (const Alert& alert : changes.alerts) {
        if (alert.state == AlertState::resolved) out.emplace_back(alert.text.key());
    }
    return out;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("full state: an alert that it does not list ends with its incident") {
    CorrelatorWorld world;
    world.fold({agent_says("filesystem//mnt/x"), agent_says("cpu")});
    world.wait(Millis{60'000});
    const auto changes = world.fold({agent_says("cpu"), full_state({"cpu", "cpu/unknown"})});
    CHECK(resolved_keys(changes) == Keys{"asset/12/filesystem//mnt/x"});
    REQUIRE(changes.decisions.size() == 2);
    const Decision& decision = changes.decisions[1];
    CHECK(decision.dedup == DedupReason::not_in_full_state);
    CHECK(decision.outcome == Outcome::incident_resolved);
    CHECK(decision.event_index == 1);
    REQUIRE_FALSE(changes.actions.empty());
    CHECK(changes.actions.back().kind == IncidentAction::Kind::resolve);
    CHECK(changes.actions.back().body.find("full state does not list it") != std::string::npos);
    CHECK(world.correlator->counters().ended_by_full_state == 1);
    CHECK(world.fold({full_state({"cpu"})}).decisions.empty());
}

TEST_CASE("full state: it speaks for this agent's asset and source only") {
    CorrelatorWorld world;
    auto presence = agent_says("endpoint_offline");
    presence.source = "gantry";
    auto other_tenant = agent_says("disk");
    other_tenant.organisation = OrganisationId{2};
    world.fold({agent_says("disk"), agent_says("disk", 13), agent_says("disk", 1), presence,
                firing("disk"), other_tenant});
    const auto changes = world.fold({full_state({})});
    CHECK(resolved_keys(changes) == Keys{"asset/12/disk"});
    CHECK(changes.alerts.front().organisation == OrganisationId{1});
}

TEST_CASE("full state: what follows it in the same report fires anew") {
    CorrelatorWorld world;
    world.fold({agent_says("disk")});
    const auto changes = world.fold({full_state({}), agent_says("disk")});
    REQUIRE(changes.decisions.size() == 2);
    CHECK(changes.decisions[0].outcome == Outcome::incident_resolved);
    CHECK(changes.decisions[1].outcome == Outcome::incident_reopened);
    CHECK(resolved_keys(changes).empty());
}

TEST_CASE("full state: a restored correlator ends the same alerts, with equal changes") {
    CorrelatorWorld world;
    std::vector<Event> events;
    for (int i = 0; i < 50; ++i) {
        events.push_back(agent_says("check-" + std::to_string(i), 10 + i % 3));
    }
    auto first = world.fold(events);
    for (int i = 0; i < 50; i += 5) {
        auto event = agent_says("check-" + std::to_string(i), 10 + i % 3);
        event.action = EventAction::resolved;
        for (auto& alert : world.fold({event}).alerts) {
            for (auto& row : first.alerts) {
                if (row.id == alert.id) row = alert;
            }
        }
    }
    CorrelatorWorld restarted;
    restarted.sequences = world.sequences;
    restarted.seq = world.seq;
    for (const Alert& alert : first.alerts) restarted.correlator->restore(alert);
    const auto marker = full_state({"check-1", "check-4", "check-49"}, 11);
    const auto before = world.fold({marker});
    const auto after = restarted.fold({marker});
    REQUIRE(before.alerts.size() > 5);
    CHECK(resolved_keys(before) == resolved_keys(after));
    CHECK(before.decisions.size() == after.decisions.size());
    for (std::size_t i = 0; i < before.decisions.size(); ++i) {
        CHECK(before.decisions[i].alert == after.decisions[i].alert);
        CHECK(before.decisions[i].id == after.decisions[i].id);
    }
}

TEST_CASE("full state: an expired or resolved alert is not ended twice") {
    CorrelatorWorld world;
    auto expiring = agent_says("disk");
    expiring.expires_after = Millis{1000};
    const auto opened = world.fold({expiring, agent_says("cpu")});
    world.wait(Millis{5000});
    world.expire({opened.alerts[0].id});
    auto well = agent_says("cpu");
    well.action = EventAction::resolved;
    world.fold({well});
    CHECK(world.fold({full_state({})}).decisions.empty());
}
