// Tickets made by hand, assigning, notes and priorities; bounds of every text.
#include <catch2/catch.hpp>

#include "core/model/json.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/records_builders.hpp"

using namespace gantry;
using namespace gantry::itsm;
using test::moment;
using test::must;

namespace {

using S = IncidentState;

const Stamp k_ann{"ann", moment(100), JournalSeq{77}};
constexpr S k_states[] = {S::new_, S::in_progress, S::on_hold, S::resolved, S::closed, S::canceled};

bool ended(S state) { return state == S::closed || state == S::canceled; }

Incident in(S state) {
    Incident incident;
    incident.id = IncidentId{12};
    incident.organisation = OrganisationId{3};
    incident.state = state;
    incident.assignment_group = "night";
    incident.version = 5;
    return incident;
}

Result<Step> make(const CreateIncident& wanted) {
    return create(wanted, IncidentId{8}, OrganisationId{3}, SiteId{4}, k_ann);
}

CreateIncident printer() {
    CreateIncident wanted;
    wanted.title = "Printer on fire";
    wanted.description = "third floor";
    wanted.asset = AssetId{6};
    wanted.impact = Level::high;
    wanted.urgency = Level::low;
    wanted.category = "hardware";
    wanted.assignment_group = "day";
    return wanted;
}

ErrorCode code_of(const Result<Step>& result) {
    return result ? ErrorCode::internal : result.error().code;
}

}  // namespace

TEST_CASE("create: a ticket by hand is new, nobody's and at version 1") {
    const Step step = must(make(printer()));
    const Incident& incident = step.incident;
    CHECK(incident.id == IncidentId{8});
    CHECK(incident.organisation == OrganisationId{3});
    CHECK(incident.site == SiteId{4});
    CHECK(incident.asset == AssetId{6});
    CHECK(incident.title == "Printer on fire");
    CHECK(incident.description == "third floor");
    CHECK(incident.state == S::new_);
    CHECK(incident.priority == 3);
    CHECK(incident.category == "hardware");
    CHECK(incident.assignment_group == "day");
    CHECK(incident.source == "api");
    CHECK(incident.opened_at == k_ann.at);
    CHECK(incident.updated_at == k_ann.at);
    CHECK(incident.detected_at == k_ann.at);
    CHECK(!incident.taken_over);
    CHECK(incident.alert_count == 0);
    CHECK(incident.version == 1);
    CHECK(step.operation == Operation::open);
    CHECK(step.entry.kind == TimelineKind::opened);
    CHECK(step.entry.body == "third floor");
    CHECK(step.entry.actor == "ann");
}

TEST_CASE("create: priority follows impact and urgency, 1 to 5") {
    const Level levels[] = {Level::high, Level::medium, Level::low};
    const int matrix[3][3] = {{1, 2, 3}, {2, 3, 4}, {3, 4, 5}};
    for (int i = 0; i < 3; ++i) {
        for (int u = 0; u < 3; ++u) {
            CreateIncident wanted = printer();
            wanted.impact = levels[i];
            wanted.urgency = levels[u];
            CHECK(must(make(wanted)).incident.priority == matrix[i][u]);
        }
    }
}

TEST_CASE("create: a title is needed, and it fits") {
    CreateIncident wanted = printer();
    for (const char* title : {"", "  ", "\n\t"}) {
        wanted.title = title;
        CHECK(code_of(make(wanted)) == ErrorCode::invalid_input);
    }
    wanted.title = std::string(k_max_summary_bytes, 'x');
    CHECK(make(wanted));
    wanted.title += 'x';
    CHECK(code_of(make(wanted)) == ErrorCode::invalid_input);
    wanted = printer();
    wanted.description = std::string(k_max_description_bytes + 1, 'x');
    CHECK(code_of(make(wanted)) == ErrorCode::invalid_input);
}

TEST_CASE("people: text that is too long or no UTF-8 is invalid input, wherever it stands") {
    // Not `limit`: the engine would repeat such a command for ever.
    const std::string broken = "caf\xe9";
    const Incident incident = in(S::in_progress);
    for (const std::string& text : {broken, std::string(k_max_description_bytes + 1, 'x')}) {
        CAPTURE(text.size());
        CreateIncident create = printer();
        create.title = text;
        CHECK(code_of(make(create)) == ErrorCode::invalid_input);
        create = printer();
        create.description = text;
        CHECK(code_of(make(create)) == ErrorCode::invalid_input);
        create = printer();
        create.category = text;
        CHECK(code_of(make(create)) == ErrorCode::invalid_input);
        create = printer();
        create.assignment_group = text;
        CHECK(code_of(make(create)) == ErrorCode::invalid_input);
        AddNote note;
        note.body = text;
        CHECK(code_of(add_note(incident, note, k_ann)) == ErrorCode::invalid_input);
        AssignIncident assignment;
        assignment.assignee = text;
        CHECK(code_of(assign(incident, assignment, k_ann)) == ErrorCode::invalid_input);
        assignment = {};
        assignment.assignment_group = text;
        CHECK(code_of(assign(incident, assignment, k_ann)) == ErrorCode::invalid_input);
        ChangePriority priority;
        priority.reason = text;
        CHECK(code_of(change_priority(incident, priority, k_ann)) == ErrorCode::invalid_input);
        ChangeIncidentState state;
        state.to = S::resolved;
        state.close_code = CloseCode::solved;
        state.notes = text;
        CHECK(code_of(change_state(incident, state, k_ann)) == ErrorCode::invalid_input);
    }
}

TEST_CASE("people: texts up to their bound are taken") {
    const std::string longest(k_max_description_bytes, 'x');
    const Incident incident = in(S::in_progress);
    AddNote note;
    note.body = longest;
    CHECK(must(add_note(incident, note, k_ann)).entry.body == longest);
    ChangePriority priority;
    priority.reason = longest;
    CHECK(change_priority(incident, priority, k_ann));
    AssignIncident assignment;
    assignment.assignee = std::string(k_max_key_bytes, 'a');
    assignment.assignment_group = std::string(k_max_key_bytes, 'g');
    CHECK(assign(incident, assignment, k_ann));
    assignment.assignee += 'a';
    CHECK(code_of(assign(incident, assignment, k_ann)) == ErrorCode::invalid_input);
}

TEST_CASE("assign: two halves of a character are not a name and a group") {
    AssignIncident assignment;
    assignment.assignee = "ann\xc3";
    assignment.assignment_group = "\xa4night";
    CHECK(code_of(assign(in(S::new_), assignment, k_ann)) == ErrorCode::invalid_input);
}

TEST_CASE("assign: in every state that has not ended") {
    for (const S state : k_states) {
        CAPTURE(to_string(state));
        AssignIncident wanted;
        wanted.assignee = "bob";
        const auto step = assign(in(state), wanted, k_ann);
        REQUIRE(step.has_value() == !ended(state));
        if (!step) {
            CHECK(step.error().code == ErrorCode::conflict);
            continue;
        }
        CHECK(step->incident.state == state);
        CHECK(step->incident.version == 6);
        CHECK(step->entry.kind == TimelineKind::assigned);
        CHECK(step->operation == Operation::update);
    }
}

TEST_CASE("assign: a person takes it over, a group alone does not, nobody gives it back to none") {
    AssignIncident wanted;
    wanted.assignee = "bob";
    Step step = must(assign(in(S::new_), wanted, k_ann));
    CHECK(step.incident.assignee == "bob");
    CHECK(step.incident.assignment_group == "night");
    CHECK(step.incident.taken_over);
    CHECK(step.entry.body == "assigned to bob");
    wanted = {};
    wanted.assignment_group = "day";
    step = must(assign(in(S::new_), wanted, k_ann));
    CHECK(step.incident.assignee.empty());
    CHECK(step.incident.assignment_group == "day");
    CHECK(!step.incident.taken_over);
    CHECK(step.entry.body == "unassigned, group day");
    Incident taken = in(S::in_progress);
    taken.assignee = "bob";
    taken.taken_over = true;
    step = must(assign(taken, AssignIncident{}, k_ann));
    CHECK(step.incident.assignee.empty());
    CHECK(step.incident.taken_over);
}

TEST_CASE("note: in every state, changing nothing but the version") {
    for (const S state : k_states) {
        for (const auto visibility : {Visibility::work_note, Visibility::public_}) {
            CAPTURE(to_string(state), to_string(visibility));
            AddNote wanted;
            wanted.body = "looked at it";
            wanted.visibility = visibility;
            const Incident before = in(state);
            const Step step = must(add_note(before, wanted, k_ann));
            Incident expected = before;
            expected.version = 6;
            expected.updated_at = k_ann.at;
            CHECK(to_json(step.incident) == to_json(expected));
            CHECK(step.operation == Operation::note);
            CHECK(step.entry.body == "looked at it");
            CHECK(step.entry.visibility == visibility);
            CHECK(step.entry.kind == (visibility == Visibility::public_ ? TimelineKind::comment
                                                                        : TimelineKind::work_note));
        }
    }
    AddNote blank;
    blank.body = " \n ";
    CHECK(code_of(add_note(in(S::new_), blank, k_ann)) == ErrorCode::invalid_input);
}

TEST_CASE("priority: in every state that has not ended, with a reason") {
    ChangePriority wanted;
    wanted.impact = Level::high;
    wanted.urgency = Level::high;
    wanted.reason = "the shop is closed";
    for (const S state : k_states) {
        CAPTURE(to_string(state));
        const auto step = change_priority(in(state), wanted, k_ann);
        REQUIRE(step.has_value() == !ended(state));
        if (!step) {
            CHECK(step.error().code == ErrorCode::conflict);
            continue;
        }
        CHECK(step->incident.priority == 1);
        CHECK(step->incident.state == state);
        CHECK(step->entry.kind == TimelineKind::priority_changed);
        CHECK(step->entry.body == "priority 3 -> 1\nthe shop is closed");
        CHECK(step->operation == Operation::update);
        CHECK(!step->incident.taken_over);
    }
    wanted.reason = " ";
    CHECK(code_of(change_priority(in(S::new_), wanted, k_ann)) == ErrorCode::invalid_input);
}
