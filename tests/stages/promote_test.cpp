#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

using Kind = IncidentAction::Kind;
constexpr auto W = Severity::warning;
constexpr auto C = Severity::critical;
constexpr auto I = Severity::info;

IncidentAction opened(CorrelatorWorld& world, Severity severity = C) {
    const auto changes = world.fold({firing("disk", severity)});
    REQUIRE(changes.actions.size() == 1);
    REQUIRE(changes.actions[0].kind == Kind::open);
    return changes.actions[0];
}

std::vector<Kind> kinds(const Changes& changes) {
    std::vector<Kind> out;
    for (const auto& action : changes.actions) out.push_back(action.kind);
    return out;
}

void check(const Decision& decision, Outcome outcome, PromoteReason reason) {
    CHECK(std::string(to_string(decision.outcome)) == to_string(outcome));
    CHECK(std::string(to_string(decision.promote)) == to_string(reason));
}

RuleSet rules_with(std::vector<PromoteRule> promote) {
    RuleSet rules;
    rules.promote = std::move(promote);
    rules.version = version_of(rules);
    return rules;
}

PromoteRule rule(std::string name, std::vector<Matcher> match, Level impact = Level::medium) {
    PromoteRule out;
    out.name = std::move(name);
    out.match = std::move(match);
    out.impact = impact;
    return out;
}

}  // namespace

TEST_CASE("promote: the first rule that matches opens one incident for the problem") {
    CorrelatorWorld world;
    const auto changes = world.fold({firing("disk"), firing("disk"), firing("memory", W)});
    REQUIRE(kinds(changes) == std::vector{Kind::open, Kind::open});
    const auto& action = changes.actions[0];
    CHECK(action.incident == IncidentId{1});
    CHECK(action.alert == changes.decisions[0].alert);
    CHECK(action.episode == changes.decisions[0].episode);
    CHECK(action.asset == changes.decisions[0].asset);
    CHECK(action.organisation == OrganisationId{1});
    CHECK(action.impact == Level::medium);
    CHECK(action.urgency == Level::high);
    CHECK(action.category == "monitoring");
    CHECK(action.firing_count == 1);
    CHECK(action.journal_seq == JournalSeq{1});
    CHECK(changes.actions[1].urgency == Level::medium);
    CHECK(changes.alerts[0].incident == IncidentId{1});
    check(changes.decisions[0], Outcome::incident_opened, PromoteReason::rule_opens);
    CHECK(changes.decisions[0].rule_index == 1);
    CHECK(changes.decisions[0].rules_version == default_rules().version);
    check(changes.decisions[1], Outcome::refreshed, PromoteReason::unchanged);
    CHECK(changes.decisions[1].incident == IncidentId{1});
}

TEST_CASE("promote: information is recorded, and opens once it becomes a warning") {
    CorrelatorWorld world;
    const auto quiet = world.fold({firing("disk", I)});
    CHECK(quiet.actions.empty());
    check(quiet.decisions[0], Outcome::recorded, PromoteReason::rule_records_only);
    CHECK(quiet.decisions[0].rule_index == 0);
    const auto louder = world.fold({firing("disk", W)});
    CHECK(kinds(louder) == std::vector{Kind::open});
    check(louder.decisions[0], Outcome::incident_opened, PromoteReason::rule_opens);
    CHECK(louder.decisions[0].dedup == DedupReason::severity_raised);
}

TEST_CASE("promote: without a matching rule an alert is only recorded") {
    CorrelatorWorld world(rules_with({rule("db", {{"host", Matcher::Op::regex, "db.*"}})}));
    const auto changes = world.fold({firing("disk")});
    CHECK(changes.actions.empty());
    check(changes.decisions[0], Outcome::recorded, PromoteReason::rule_records_only);
    CHECK(changes.decisions[0].rule_index == -1);
    const auto ended = world.step(recovered("disk"));
    check(ended, Outcome::recorded, PromoteReason::no_incident);
}

TEST_CASE("promote: recovery resolves the incident by itself") {
    CorrelatorWorld world;
    opened(world);
    world.wait(Millis{90'000});
    const auto changes = world.fold({recovered("disk"), recovered("disk")});
    REQUIRE(kinds(changes) == std::vector{Kind::resolve});
    CHECK(changes.actions[0].incident == IncidentId{1});
    CHECK(changes.actions[0].firing_count == 0);
    check(changes.decisions[0], Outcome::incident_resolved, PromoteReason::all_recovered);
    check(changes.decisions[1], Outcome::ignored, PromoteReason::none);
}

TEST_CASE("promote: severity moves the priority both ways") {
    CorrelatorWorld world;
    opened(world, W);
    auto changes = world.fold({firing("disk", C)});
    REQUIRE(kinds(changes) == std::vector{Kind::set_priority});
    CHECK(changes.actions[0].urgency == Level::high);
    check(changes.decisions[0], Outcome::priority_changed, PromoteReason::severity_raised);
    changes = world.fold({firing("disk", I)});
    REQUIRE(kinds(changes) == std::vector{Kind::set_priority});
    CHECK(changes.actions[0].urgency == Level::low);
    check(changes.decisions[0], Outcome::priority_changed, PromoteReason::severity_lowered);
}

TEST_CASE("promote: the impact is that of the rule that matches now") {
    CorrelatorWorld world(
        rules_with({rule("critical", {{"severity", Matcher::Op::equal, "critical"}}, Level::high),
                    rule("others", {}, Level::low)}));
    CHECK(opened(world, W).impact == Level::low);
    auto changes = world.fold({firing("disk", C)});
    REQUIRE(kinds(changes) == std::vector{Kind::set_priority});
    CHECK(changes.actions[0].impact == Level::high);
    CHECK(changes.decisions[0].rule_index == 0);
    changes = world.fold({firing("disk", W)});
    CHECK(changes.actions.at(0).impact == Level::low);
}

TEST_CASE("promote: a priority that a person set is raised but never lowered") {
    CorrelatorWorld world;
    const auto incident = opened(world, W);
    SECTION("set higher: falling severity leaves a note") {
        world.prioritise(incident, Level::high, Level::high);
        const auto changes = world.fold({firing("disk", I)});
        REQUIRE(kinds(changes) == std::vector{Kind::note});
        CHECK(changes.actions[0].body.find("as a person set it") != std::string::npos);
        check(changes.decisions[0], Outcome::incident_updated, PromoteReason::taken_over_by_person);
    }
    SECTION("set lower: rising severity raises it") {
        world.prioritise(incident, Level::low, Level::low);
        const auto changes = world.fold({firing("disk", C)});
        REQUIRE(kinds(changes) == std::vector{Kind::set_priority});
        CHECK(changes.actions[0].impact == Level::medium);
        CHECK(changes.actions[0].urgency == Level::high);
    }
    SECTION("taken over: falling severity leaves a note") {
        world.person(incident, IncidentState::in_progress, true);
        const auto changes = world.fold({firing("disk", I)});
        REQUIRE(kinds(changes) == std::vector{Kind::note});
    }
}

TEST_CASE("promote: an incident that a person took over is noted, not resolved") {
    CorrelatorWorld world;
    const auto incident = opened(world);
    world.person(incident, IncidentState::in_progress, true);
    auto changes = world.fold({recovered("disk")});
    REQUIRE(kinds(changes) == std::vector{Kind::note});
    CHECK(changes.actions[0].firing_count == 0);
    check(changes.decisions[0], Outcome::resolve_noted, PromoteReason::taken_over_by_person);

    changes = world.fold({firing("disk")});
    REQUIRE(kinds(changes) == std::vector{Kind::bind_alert});
    CHECK(changes.actions[0].incident == incident.incident);
    CHECK(changes.actions[0].firing_count == 1);
    CHECK(changes.actions[0].episode == EpisodeId{2});
    check(changes.decisions[0], Outcome::incident_updated, PromoteReason::joined_open_incident);
}

TEST_CASE("promote: a rule may resolve what a person took over") {
    auto bold = rule("bold", {});
    bold.resolve_taken_over = true;
    CorrelatorWorld world(rules_with({bold}));
    const auto incident = opened(world);
    world.person(incident, IncidentState::on_hold, true);
    CHECK(kinds(world.fold({recovered("disk")})) == std::vector{Kind::resolve});
}

TEST_CASE("promote: firing again inside the window reopens, after it opens a linked incident") {
    CorrelatorWorld world;
    opened(world);
    world.fold({recovered("disk")});
    world.wait(Millis{30 * 60'000});
    auto changes = world.fold({firing("disk")});
    REQUIRE(kinds(changes) == std::vector{Kind::reopen});
    CHECK(changes.actions[0].incident == IncidentId{1});
    CHECK(changes.actions[0].episode == EpisodeId{2});
    CHECK(changes.actions[0].firing_count == 1);
    CHECK(changes.alerts[0].incident == IncidentId{1});
    check(changes.decisions[0], Outcome::incident_reopened, PromoteReason::within_reopen_window);

    world.fold({recovered("disk")});
    world.wait(Millis{30 * 60'000 + 1});
    changes = world.fold({firing("disk")});
    REQUIRE(kinds(changes) == std::vector{Kind::open});
    CHECK(changes.actions[0].incident == IncidentId{2});
    CHECK(changes.actions[0].body.find("INC0000001") != std::string::npos);
}

TEST_CASE("promote: the priority follows the severity over a reopening") {
    CorrelatorWorld world;
    opened(world, C);
    world.fold({recovered("disk")});
    const auto changes = world.fold({firing("disk", W)});
    REQUIRE(kinds(changes) == std::vector{Kind::reopen, Kind::set_priority});
    CHECK(changes.actions[1].urgency == Level::medium);
}

TEST_CASE("promote: what a person resolved is reopened inside the window, closed never") {
    CorrelatorWorld world;
    const auto incident = opened(world);
    SECTION("resolved while it fires: stays so, until it fires anew") {
        world.person(incident, IncidentState::resolved, true, CloseCode::solved);
        check(world.step(firing("disk")), Outcome::refreshed, PromoteReason::closed_by_person);
        auto changes = world.fold({recovered("disk")});
        REQUIRE(kinds(changes) == std::vector{Kind::note});
        CHECK(changes.actions[0].firing_count == 0);
        check(changes.decisions[0], Outcome::resolve_noted, PromoteReason::closed_by_person);
        changes = world.fold({firing("disk")});
        REQUIRE(kinds(changes) == std::vector{Kind::reopen});
        CHECK(changes.actions[0].body.find("a person resolved it") != std::string::npos);
    }
    SECTION("resolved while it fires: a higher severity is news") {
        CorrelatorWorld other;
        const auto warning = opened(other, W);
        other.person(warning, IncidentState::resolved, true, CloseCode::solved);
        check(other.step(firing("disk", I)), Outcome::recorded, PromoteReason::closed_by_person);
        const auto changes = other.fold({firing("disk", C)});
        REQUIRE(kinds(changes) == std::vector{Kind::reopen, Kind::set_priority});
        CHECK(changes.actions[0].firing_count == 1);
    }
    SECTION("closed or canceled: a new incident that names it") {
        for (const auto state : {IncidentState::closed, IncidentState::canceled}) {
            CorrelatorWorld other;
            const auto first = opened(other);
            other.person(first, state, true, CloseCode::not_an_incident);
            check(other.step(recovered("disk")), Outcome::recorded,
                  PromoteReason::closed_by_person);
            const auto changes = other.fold({firing("disk")});
            REQUIRE(kinds(changes) == std::vector{Kind::open});
            CHECK(changes.actions[0].body.find("INC0000001") != std::string::npos);
        }
    }
    SECTION("reopened by a person: recovery notes and firing joins") {
        world.person(incident, IncidentState::resolved, true, CloseCode::solved);
        world.fold({recovered("disk")});
        world.person(incident, IncidentState::in_progress, true);
        const auto changes = world.fold({firing("disk")});
        REQUIRE(kinds(changes) == std::vector{Kind::bind_alert});
        CHECK(changes.actions[0].firing_count == 1);
        CHECK(kinds(world.fold({recovered("disk")})) == std::vector{Kind::note});
    }
}

TEST_CASE("promote: an incident of several alerts stays open until the last recovers") {
    // No rule makes such incidents yet; a store may hold them.
    CorrelatorWorld world;
    Incident shared;
    shared.id = IncidentId{7};
    shared.organisation = OrganisationId{1};
    shared.urgency = Level::high;
    world.sequences = {1, 3, 3, 8, 1, 1, 1, 1};
    world.correlator->restore(shared);
    for (const std::int64_t id : {1, 2}) {
        Alert alert;
        alert.id = AlertId{id};
        alert.organisation = OrganisationId{1};
        alert.text = AlertText("generic", "k" + std::to_string(id), {}, {});
        alert.state = AlertState::firing;
        alert.severity = C;
        alert.episode = EpisodeId{id};
        alert.incident = shared.id;
        world.correlator->restore(alert);
    }
    auto changes = world.fold({recovered("k1")});
    REQUIRE(kinds(changes) == std::vector{Kind::note});
    CHECK(changes.actions[0].firing_count == 1);
    check(changes.decisions[0], Outcome::resolve_noted, PromoteReason::others_still_firing);
    CHECK(kinds(world.fold({recovered("k2")})) == std::vector{Kind::resolve});
}

TEST_CASE("promote: changed rules reach an episode without incident at its next resend") {
    Alert alert;
    alert.id = AlertId{1};
    alert.organisation = OrganisationId{1};
    alert.text = AlertText("generic", "disk", firing("disk").summary, {});
    alert.state = AlertState::firing;
    alert.severity = C;
    alert.episode = EpisodeId{1};
    CorrelatorWorld world;
    world.sequences.next_alert = 2;
    world.sequences.next_episode = 2;
    world.correlator->restore(alert);
    CHECK_FALSE(world.correlator->refresh(firing("disk"), world.now));
    const auto changes = world.fold({firing("disk")});
    CHECK(kinds(changes) == std::vector{Kind::open});
    CHECK(world.correlator->refresh(firing("disk"), world.now));
}

TEST_CASE("promote: an expiry resolves like a recovery") {
    CorrelatorWorld world;
    auto event = firing("disk");
    event.expires_after = Millis{60'000};
    const auto alert = world.step(event).alert;
    world.wait(Millis{60'000});
    const auto changes = world.expire({alert});
    REQUIRE(kinds(changes) == std::vector{Kind::resolve});
    CHECK(changes.actions[0].body.find("Not reported again within 1 min") == 0);
    check(changes.decisions[0], Outcome::incident_resolved, PromoteReason::all_recovered);
    CHECK(changes.decisions[0].dedup == DedupReason::expired);
    CHECK(changes.alerts.at(0).state == AlertState::resolved);
}
