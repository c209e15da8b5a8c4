// Changing an incident: notes, and PATCH under If-Match. One PATCH makes one change (assignment,
// state or priority), because one change is one command, and commands are what is all or nothing.
#include <optional>

#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/model/json.hpp"

namespace gantry::console {
namespace {

// What the body asks for; the parts that it leaves out come from the incident as it is.
struct Patch {
    std::optional<std::string> assignee;  // "" or null = nobody
    std::optional<std::string> assignment_group;
    std::optional<ChangeIncidentState> state;
    std::optional<Level> impact;
    std::optional<Level> urgency;
    std::string reason;
};

void read_assignment(Body& body, Patch& patch) {
    if (body.stands("assignee")) {
        body.text("assignee", patch.assignee.emplace(), k_max_name_bytes);
    }
    if (body.stands("assignment_group")) {
        body.text("assignment_group", patch.assignment_group.emplace(), k_max_name_bytes);
    }
}

void read_state(Body& body, Patch& patch) {
    ChangeIncidentState state;
    body.word("state", state.to, k_incident_state_words);
    body.word("hold_reason", state.hold_reason, k_hold_words);
    body.word("close_code", state.close_code, k_close_words);
    body.text("notes", state.notes, k_max_text_bytes, true);
    if (body.has("state")) {
        patch.state = std::move(state);
        return;
    }
    for (const char* key : {"hold_reason", "close_code", "notes"}) {
        if (body.has(key)) body.fault(key, "belongs to a change of state, and state is missing");
    }
}

void read_priority(Body& body, Patch& patch) {
    if (body.has("impact")) body.word("impact", patch.impact.emplace(), k_level_words);
    if (body.has("urgency")) body.word("urgency", patch.urgency.emplace(), k_level_words);
    body.text("reason", patch.reason, k_max_text_bytes, true);
    const bool changes = patch.impact || patch.urgency;
    if (changes) body.require("reason");
    if (!changes && body.has("reason")) {
        body.fault("reason", "belongs to a change of impact or urgency, and both are missing");
    }
}

Result<Patch> read_patch(const http::Request& request) {
    auto body = Body::read(request);
    if (!body) return body.error();
    Patch patch;
    read_assignment(*body, patch);
    read_state(*body, patch);
    read_priority(*body, patch);
    if (auto done = body->finish(); !done) return done.error();
    const int changes = (patch.assignee || patch.assignment_group) + patch.state.has_value() +
                        (patch.impact || patch.urgency);
    if (changes == 0) {
        return fail(ErrorCode::invalid_input,
                    "nothing to change: give assignee, assignment_group, state, impact or urgency");
    }
    if (changes > 1) {
        return fail(ErrorCode::invalid_input,
                    "one request makes one change: assignment, state, or impact and urgency");
    }
    return patch;
}

CommandBody command_for(const Patch& patch, const Incident& incident) {
    if (patch.state) {
        ChangeIncidentState state = *patch.state;
        state.incident = incident.id;
        return state;
    }
    if (patch.impact || patch.urgency) {
        ChangePriority priority;
        priority.incident = incident.id;
        priority.impact = patch.impact.value_or(incident.impact);
        priority.urgency = patch.urgency.value_or(incident.urgency);
        priority.reason = patch.reason;
        return priority;
    }
    AssignIncident assignment;
    assignment.incident = incident.id;
    assignment.assignee = patch.assignee.value_or(incident.assignee);
    assignment.assignment_group = patch.assignment_group.value_or(incident.assignment_group);
    return assignment;
}

boost::asio::awaitable<Result<Incident>> read_incident(Desk& desk, Scope scope, IncidentId id) {
    auto read = [&parts = desk.parts, scope = std::move(scope),
                 id](storage::Connection& connection) {
        return parts.desk.incident(connection, scope, id);
    };
    co_return co_await desk.store.read(std::move(read));
}

Result<http::Response> changed(const Result<CommandOutcome>& outcome, int status) {
    if (!outcome) return outcome.error();
    if (!outcome->incident) {
        return fail(ErrorCode::internal, "the command answered without its incident");
    }
    return versioned(to_json(*outcome->incident), outcome->incident->version, status);
}

}  // namespace

Answer add_note(Desk& desk, Call call) {
    const auto id = incident_in_path(call);
    if (!id) co_return id.error();
    auto body = Body::read(call.request);
    if (!body) co_return body.error();
    AddNote note;
    note.incident = *id;
    body->require("body");
    body->text("body", note.body, k_max_text_bytes, true);
    body->word("visibility", note.visibility, k_visibility_words);
    if (auto done = body->finish(); !done) co_return done.error();
    const auto incident = co_await read_incident(desk, call.principal.scope, *id);
    if (!incident) co_return incident.error();
    Command command;
    command.organisation = incident->organisation;
    command.actor = call.principal.name;
    command.body = std::move(note);
    const auto outcome = co_await desk.parts.commands.submit(std::move(command));
    co_return changed(outcome, 201);
}

Answer change_incident(Desk& desk, Call call) {
    const auto id = incident_in_path(call);
    if (!id) co_return id.error();
    const auto condition = if_match(call.request);
    if (!condition) co_return condition.error();
    const std::string number = incident_number(*id);
    if (!condition->present) co_return precondition_required(number);
    const auto patch = read_patch(call.request);
    if (!patch) co_return patch.error();
    const auto incident = co_await read_incident(desk, call.principal.scope, *id);
    if (!incident) co_return incident.error();
    if (!condition->matches(incident->version)) {
        co_return precondition_failed(number, incident->version);
    }
    Command command;
    command.organisation = incident->organisation;
    command.actor = call.principal.name;
    command.expected_version = incident->version;
    command.body = command_for(*patch, *incident);
    const auto outcome = co_await desk.parts.commands.submit(std::move(command));
    if (!outcome && outcome.error().code == ErrorCode::conflict) {
        // Of the version (somebody was faster) or of the state (not allowed from there)?
        const auto now = co_await read_incident(desk, call.principal.scope, *id);
        if (now && now->version != incident->version) {
            co_return precondition_failed(number, now->version);
        }
    }
    co_return changed(outcome, 200);
}

}  // namespace gantry::console
