// What people may do to a ticket, as a table over all states.
#include <catch2/catch.hpp>
#include <set>

#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/records_builders.hpp"

using namespace gantry;
using namespace gantry::itsm;
using test::moment;
using test::must;

namespace {

using S = IncidentState;

constexpr S k_states[] = {S::new_, S::in_progress, S::on_hold, S::resolved, S::closed, S::canceled};

// The contract's list.
const std::set<std::pair<S, S>> k_allowed{
    {S::new_, S::in_progress},     {S::new_, S::on_hold},        {S::new_, S::resolved},
    {S::new_, S::canceled},        {S::in_progress, S::on_hold}, {S::in_progress, S::resolved},
    {S::in_progress, S::canceled}, {S::on_hold, S::in_progress}, {S::on_hold, S::resolved},
    {S::on_hold, S::canceled},     {S::resolved, S::closed},     {S::resolved, S::in_progress}};

const Stamp k_ann{"ann", moment(100), JournalSeq{77}};

// A ticket as it is after it came to `state` the usual way.
Incident in(S state) {
    Incident incident;
    incident.id = IncidentId{12};
    incident.organisation = OrganisationId{3};
    incident.title = "disk full";
    incident.state = state;
    incident.opened_at = moment(1);
    incident.updated_at = moment(2);
    incident.version = 5;
    if (state == S::on_hold) incident.hold_reason = HoldReason::vendor;
    if (state == S::resolved || state == S::closed) {
        incident.resolved_at = moment(2);
        incident.close_code = CloseCode::workaround;
        incident.close_notes = "restarted";
    }
    if (state == S::closed) incident.closed_at = moment(3);
    if (state == S::canceled) {
        incident.closed_at = moment(3);
        incident.close_code = CloseCode::duplicate;
        incident.close_notes = "of INC0000001";
    }
    return incident;
}

// Everything that any state may require.
ChangeIncidentState to(S state) {
    ChangeIncidentState wanted;
    wanted.incident = IncidentId{12};
    wanted.to = state;
    wanted.hold_reason = HoldReason::vendor;
    wanted.close_code = state == S::canceled ? CloseCode::not_an_incident : CloseCode::solved;
    wanted.notes = "because";
    return wanted;
}

ErrorCode code_of(const Result<Step>& result) {
    return result ? ErrorCode::internal : result.error().code;
}

}  // namespace

TEST_CASE("incident: a transition is allowed exactly when the contract lists it") {
    for (const S from : k_states) {
        for (const S target : k_states) {
            CAPTURE(to_string(from), to_string(target));
            const bool listed = k_allowed.contains({from, target});
            CHECK(is_allowed(from, target) == listed);
            const Incident before = in(from);
            const auto step = change_state(before, to(target), k_ann);
            REQUIRE(step.has_value() == listed);
            if (listed) {
                CHECK(step->incident.state == target);
                CHECK(step->incident.version == before.version + 1);
                CHECK(step->incident.updated_at == k_ann.at);
                continue;
            }
            CHECK(step.error().code == ErrorCode::conflict);
            CHECK(step.error().message == std::string("ticket INC0000012: ") + to_string(from) +
                                              " -> " + to_string(target) + " is not allowed");
        }
    }
}

TEST_CASE("incident: open means new, in progress and on hold") {
    for (const S state : k_states) {
        CAPTURE(to_string(state));
        CHECK(is_open(state) == (state < S::resolved));
    }
}

TEST_CASE("incident: fields belong to their state and go with it") {
    for (const auto& [from, target] : k_allowed) {
        CAPTURE(to_string(from), to_string(target));
        const Incident after = must(change_state(in(from), to(target), k_ann)).incident;
        const bool ended = target == S::closed || target == S::canceled;
        CHECK((after.hold_reason != HoldReason::none) == (target == S::on_hold));
        CHECK((after.close_code != CloseCode::none) == !is_open(target));
        CHECK(after.close_notes.empty() == is_open(target));
        CHECK((after.resolved_at != Instant{}) == (target == S::resolved || target == S::closed));
        CHECK((after.closed_at == k_ann.at) == ended);
        CHECK(after.reopen_count == (from == S::resolved && target == S::in_progress ? 1 : 0));
    }
}

TEST_CASE("incident: the timeline and the tools hear of each transition") {
    for (const auto& [from, target] : k_allowed) {
        CAPTURE(to_string(from), to_string(target));
        const bool reopens = from == S::resolved && target == S::in_progress;
        const Step step = must(change_state(in(from), to(target), k_ann));
        CHECK(step.entry.incident == IncidentId{12});
        CHECK(step.entry.organisation == OrganisationId{3});
        CHECK(step.entry.actor == "ann");
        CHECK(step.entry.at == k_ann.at);
        CHECK(step.entry.journal_seq == k_ann.seq);
        CHECK(!step.entry.id.is_set());
        const std::string arrow = std::string(to_string(from)) + " -> " + to_string(target);
        CHECK(step.entry.body.starts_with(arrow));
        CHECK(step.entry.body.ends_with("\nbecause"));
        CHECK(step.entry.visibility == Visibility::work_note);
        const auto kind = target == S::resolved ? TimelineKind::resolved
                          : target == S::closed ? TimelineKind::closed
                          : reopens             ? TimelineKind::reopened
                                                : TimelineKind::state_changed;
        CHECK(step.entry.kind == kind);
        const auto operation = target == S::resolved || target == S::canceled ? Operation::resolve
                               : reopens                                      ? Operation::reopen
                                                                              : Operation::update;
        CHECK(step.operation == operation);
    }
}

TEST_CASE("incident: working on it or holding it takes it over, ending it does not") {
    for (const auto& [from, target] : k_allowed) {
        CAPTURE(to_string(from), to_string(target));
        const bool takes = target == S::in_progress || target == S::on_hold;
        CHECK(must(change_state(in(from), to(target), k_ann)).incident.taken_over == takes);
        Incident taken = in(from);
        taken.taken_over = true;
        CHECK(must(change_state(taken, to(target), k_ann)).incident.taken_over);
    }
}

TEST_CASE("incident: on hold needs a reason, and for the caller a text they can read") {
    ChangeIncidentState wanted = to(S::on_hold);
    wanted.hold_reason = HoldReason::none;
    CHECK(code_of(change_state(in(S::new_), wanted, k_ann)) == ErrorCode::invalid_input);
    for (const auto reason :
         {HoldReason::vendor, HoldReason::change, HoldReason::problem, HoldReason::evidence}) {
        wanted.hold_reason = reason;
        wanted.notes.clear();
        const Step step = must(change_state(in(S::new_), wanted, k_ann));
        CHECK(step.incident.hold_reason == reason);
        CHECK(step.entry.visibility == Visibility::work_note);
    }
    wanted.hold_reason = HoldReason::caller;
    wanted.notes = " \n\t";
    CHECK(code_of(change_state(in(S::new_), wanted, k_ann)) == ErrorCode::invalid_input);
    wanted.notes = "please send the serial number";
    const Step step = must(change_state(in(S::new_), wanted, k_ann));
    CHECK(step.incident.hold_reason == HoldReason::caller);
    CHECK(step.entry.visibility == Visibility::public_);
    CHECK(step.entry.body == "new -> on_hold (caller)\nplease send the serial number");
}

TEST_CASE("incident: a hold reason for another state changes nothing there") {
    ChangeIncidentState wanted = to(S::in_progress);
    wanted.hold_reason = HoldReason::caller;
    const Step step = must(change_state(in(S::on_hold), wanted, k_ann));
    CHECK(step.incident.hold_reason == HoldReason::none);
    CHECK(step.entry.visibility == Visibility::work_note);
}

TEST_CASE("incident: resolved needs a close code and notes") {
    for (const auto code :
         {CloseCode::none, CloseCode::solved, CloseCode::workaround, CloseCode::recovered,
          CloseCode::duplicate, CloseCode::not_an_incident}) {
        CAPTURE(to_string(code));
        ChangeIncidentState wanted = to(S::resolved);
        wanted.close_code = code;
        const auto step = change_state(in(S::in_progress), wanted, k_ann);
        REQUIRE(step.has_value() == (code != CloseCode::none));
        if (!step) {
            CHECK(step.error().code == ErrorCode::invalid_input);
            continue;
        }
        CHECK(step->incident.close_code == code);
        CHECK(step->incident.close_notes == "because");
        CHECK(step->incident.resolved_at == k_ann.at);
    }
    ChangeIncidentState silent = to(S::resolved);
    silent.notes = "  ";
    CHECK(code_of(change_state(in(S::new_), silent, k_ann)) == ErrorCode::invalid_input);
}

TEST_CASE("incident: canceled needs notes and one of two close codes") {
    for (const auto code :
         {CloseCode::none, CloseCode::solved, CloseCode::workaround, CloseCode::recovered,
          CloseCode::duplicate, CloseCode::not_an_incident}) {
        CAPTURE(to_string(code));
        ChangeIncidentState wanted = to(S::canceled);
        wanted.close_code = code;
        const bool fits = code == CloseCode::duplicate || code == CloseCode::not_an_incident;
        const auto step = change_state(in(S::new_), wanted, k_ann);
        REQUIRE(step.has_value() == fits);
        if (!step) CHECK(step.error().code == ErrorCode::invalid_input);
    }
    ChangeIncidentState silent = to(S::canceled);
    silent.notes.clear();
    CHECK(code_of(change_state(in(S::new_), silent, k_ann)) == ErrorCode::invalid_input);
}

TEST_CASE("incident: closing keeps the code of resolving unless it names another") {
    ChangeIncidentState wanted = to(S::closed);
    wanted.close_code = CloseCode::none;
    wanted.notes.clear();
    const Step kept = must(change_state(in(S::resolved), wanted, k_ann));
    CHECK(kept.incident.close_code == CloseCode::workaround);
    CHECK(kept.incident.close_notes == "restarted");
    CHECK(kept.incident.resolved_at == moment(2));
    wanted.close_code = CloseCode::solved;
    CHECK(must(change_state(in(S::resolved), wanted, k_ann)).incident.close_code ==
          CloseCode::solved);
}

TEST_CASE("incident: a transition that is not allowed is a conflict before what it lacks") {
    ChangeIncidentState bare;
    bare.to = S::resolved;
    CHECK(code_of(change_state(in(S::closed), bare, k_ann)) == ErrorCode::conflict);
    CHECK(code_of(change_state(in(S::new_), bare, k_ann)) == ErrorCode::invalid_input);
}
