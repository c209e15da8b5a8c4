// What monitoring does to a ticket: it may open, raise, resolve and reopen; what it may not do
// becomes a note.
#include <catch2/catch.hpp>

#include "core/model/json.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/records_builders.hpp"

using namespace gantry;
using namespace gantry::itsm;
using test::moment;

namespace {

using S = IncidentState;
using Kind = IncidentAction::Kind;

constexpr S k_states[] = {S::new_, S::in_progress, S::on_hold, S::resolved, S::closed, S::canceled};
constexpr Kind k_kinds[] = {Kind::bind_alert, Kind::note, Kind::set_priority, Kind::resolve,
                            Kind::reopen};

Incident in(S state, std::int64_t firing = 2) {
    Incident incident;
    incident.id = IncidentId{12};
    incident.organisation = OrganisationId{3};
    incident.state = state;
    incident.alert_count = 2;
    incident.firing_count = firing;
    incident.reopen_count = 1;
    incident.version = 5;
    if (state == S::on_hold) incident.hold_reason = HoldReason::vendor;
    if (!is_open(state)) incident.close_code = CloseCode::duplicate;
    if (!is_open(state)) incident.close_notes = "before";
    if (state == S::resolved || state == S::closed) incident.resolved_at = moment(1);
    if (state == S::closed || state == S::canceled) incident.closed_at = moment(2);
    return incident;
}

IncidentAction action_of(Kind kind, std::int64_t firing = 2) {
    IncidentAction action;
    action.kind = kind;
    action.incident = IncidentId{12};
    action.organisation = OrganisationId{3};
    action.body = "what happened";
    action.impact = Level::high;
    action.urgency = Level::high;
    action.at = moment(50);
    action.firing_count = firing;
    action.journal_seq = JournalSeq{77};
    return action;
}

// Does monitoring act on a ticket in this state, rather than note?
bool acts(Kind kind, S state) {
    switch (kind) {
        case Kind::bind_alert: return true;
        case Kind::set_priority:
        case Kind::resolve: return is_open(state);
        case Kind::reopen: return state == S::resolved;
        default: return false;
    }
}

}  // namespace

TEST_CASE("monitoring: opens a new ticket with all that the action says") {
    const IncidentAction action = test::open_action(4);
    const Step step = open_incident(action, SiteId{6});
    const Incident& incident = step.incident;
    CHECK(incident.id == IncidentId{4});
    CHECK(incident.site == SiteId{6});
    CHECK(incident.title == action.title);
    CHECK(incident.state == S::new_);
    CHECK(incident.impact == Level::medium);
    CHECK(incident.urgency == Level::high);
    CHECK(incident.priority == 2);
    CHECK(incident.category == "monitoring");
    CHECK(incident.source == "monitoring");
    CHECK(incident.assignment_group == "night");
    CHECK(incident.opened_at == action.at);
    CHECK(incident.updated_at == action.at);
    CHECK(incident.detected_at == action.detected_at);
    CHECK(incident.alert_count == 1);
    CHECK(incident.firing_count == 1);
    CHECK(!incident.taken_over);
    CHECK(incident.version == 1);
    CHECK(step.operation == Operation::open);
    CHECK(step.entry.kind == TimelineKind::opened);
    CHECK(step.entry.actor == k_monitoring_actor);
    CHECK(step.entry.body == action.body);
    CHECK(step.entry.journal_seq == action.journal_seq);
}

TEST_CASE("monitoring: acts where it may and notes where it may not, never failing") {
    for (const Kind kind : k_kinds) {
        for (const S state : k_states) {
            CAPTURE(static_cast<int>(kind), to_string(state));
            const Incident before = in(state);
            const Step step = follow(before, action_of(kind), false);
            CHECK(step.incident.version == 6);
            CHECK(step.incident.updated_at == moment(50));
            CHECK(step.entry.actor == k_monitoring_actor);
            CHECK(step.entry.body.find("what happened") != std::string::npos);
            CHECK(step.entry.journal_seq == JournalSeq{77});
            CHECK(step.entry.visibility == Visibility::work_note);
            if (acts(kind, state)) {
                CHECK(step.operation != Operation::note);
                continue;
            }
            CHECK(step.operation == Operation::note);
            Incident expected = before;
            expected.version = 6;
            expected.updated_at = moment(50);
            CHECK(to_json(step.incident) == to_json(expected));
        }
    }
}

TEST_CASE("monitoring: counts what fires, and each alert once") {
    for (const Kind kind : k_kinds) {
        for (const S state : k_states) {
            CAPTURE(static_cast<int>(kind), to_string(state));
            CHECK(follow(in(state), action_of(kind, 7), false).incident.firing_count == 7);
            CHECK(follow(in(state), action_of(kind, 7), false).incident.alert_count == 2);
            CHECK(follow(in(state), action_of(kind, 7), true).incident.alert_count == 3);
        }
    }
}

TEST_CASE("monitoring: resolves every open ticket as recovered") {
    for (const S state : {S::new_, S::in_progress, S::on_hold}) {
        CAPTURE(to_string(state));
        const Step step = follow(in(state), action_of(Kind::resolve, 0), false);
        CHECK(step.incident.state == S::resolved);
        CHECK(step.incident.close_code == CloseCode::recovered);
        CHECK(step.incident.close_notes == "what happened");
        CHECK(step.incident.resolved_at == moment(50));
        CHECK(step.incident.hold_reason == HoldReason::none);
        CHECK(step.incident.reopen_count == 1);
        CHECK(step.operation == Operation::resolve);
        CHECK(step.entry.kind == TimelineKind::resolved);
    }
}

TEST_CASE("monitoring: reopens a resolved ticket for nobody in particular") {
    const Step step = follow(in(S::resolved), action_of(Kind::reopen), false);
    CHECK(step.incident.state == S::in_progress);
    CHECK(step.incident.reopen_count == 2);
    CHECK(step.incident.resolved_at == Instant{});
    CHECK(step.incident.close_code == CloseCode::none);
    CHECK(step.incident.close_notes.empty());
    CHECK(!step.incident.taken_over);
    CHECK(step.operation == Operation::reopen);
    CHECK(step.entry.kind == TimelineKind::reopened);
}

TEST_CASE("monitoring: whether a person took a ticket over is not for it to say") {
    for (const Kind kind : k_kinds) {
        for (const S state : k_states) {
            for (const bool taken : {false, true}) {
                Incident before = in(state);
                before.taken_over = taken;
                before.assignee = taken ? "ann" : "";
                const Step step = follow(before, action_of(kind), false);
                CHECK(step.incident.taken_over == taken);
                CHECK(step.incident.assignee == before.assignee);
            }
        }
    }
}

TEST_CASE("monitoring: raises and lowers the priority, and says from what to what") {
    struct Case {
        Level impact;
        Level urgency;
        int priority;
    };
    for (const auto& c : {Case{Level::high, Level::high, 1}, Case{Level::low, Level::low, 5},
                          Case{Level::high, Level::low, 3}}) {
        IncidentAction action = action_of(Kind::set_priority);
        action.impact = c.impact;
        action.urgency = c.urgency;
        const Step step = follow(in(S::on_hold), action, false);
        CHECK(step.incident.priority == c.priority);
        CHECK(step.incident.impact == c.impact);
        CHECK(step.incident.urgency == c.urgency);
        CHECK(step.incident.state == S::on_hold);
        CHECK(step.incident.hold_reason == HoldReason::vendor);
        CHECK(step.operation == Operation::update);
        CHECK(step.entry.kind == TimelineKind::priority_changed);
        CHECK(step.entry.body == "priority 3 -> " + std::to_string(c.priority) + "\nwhat happened");
    }
}

TEST_CASE("monitoring: a note says whether an alert came or went") {
    const auto kind_of = [](std::int64_t firing) {
        return follow(in(S::in_progress, 2), action_of(Kind::note, firing), false).entry.kind;
    };
    CHECK(kind_of(1) == TimelineKind::alert_resolved);
    CHECK(kind_of(2) == TimelineKind::updated);
    CHECK(kind_of(3) == TimelineKind::alert_firing);
    const Step bound = follow(in(S::in_progress, 2), action_of(Kind::bind_alert, 3), true);
    CHECK(bound.entry.kind == TimelineKind::alert_firing);
    CHECK(bound.operation == Operation::update);
}
