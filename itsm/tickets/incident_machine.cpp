#include "itsm/tickets/incident_machine.hpp"

#include <utility>

#include "core/base/text.hpp"

namespace gantry::itsm {
namespace {

constexpr std::size_t k_max_title_bytes = k_max_summary_bytes;
constexpr std::size_t k_max_text_bytes = k_max_description_bytes;

Error refused(const Incident& incident, const std::string& what) {
    return fail(ErrorCode::conflict, "ticket " + incident_number(incident.id) + ": " + what);
}

Error lacking(const Incident& incident, const std::string& what) {
    return fail(ErrorCode::invalid_input, "ticket " + incident_number(incident.id) + ": " + what);
}

// The next version of `incident` with an entry of this kind.
Step next(const Incident& incident, const Stamp& stamp, TimelineKind kind, Operation operation,
          std::string body) {
    Step step;
    step.incident = incident;
    step.incident.version += 1;
    step.incident.updated_at = stamp.at;
    step.operation = operation;
    step.entry.incident = incident.id;
    step.entry.organisation = incident.organisation;
    step.entry.at = stamp.at;
    step.entry.kind = kind;
    step.entry.actor = stamp.actor;
    step.entry.journal_seq = stamp.seq;
    step.entry.body = std::move(body);
    return step;
}

std::string with_notes(std::string head, const std::string& notes) {
    if (!notes.empty()) head += "\n" + notes;
    return head;
}

std::string arrow(const char* from, const char* to) { return std::string(from) + " -> " + to; }

TimelineKind kind_of(IncidentState from, IncidentState to) {
    switch (to) {
        case IncidentState::resolved: return TimelineKind::resolved;
        case IncidentState::closed: return TimelineKind::closed;
        case IncidentState::in_progress:
            return from == IncidentState::resolved ? TimelineKind::reopened
                                                   : TimelineKind::state_changed;
        default: return TimelineKind::state_changed;
    }
}

// Closing after resolving is no news that a tool must act on; canceling ends the tool's ticket.
Operation operation_of(IncidentState from, IncidentState to) {
    if (to == IncidentState::resolved || to == IncidentState::canceled) return Operation::resolve;
    if (from == IncidentState::resolved && to == IncidentState::in_progress) {
        return Operation::reopen;
    }
    return Operation::update;
}

Result<void> check_requirements(const Incident& incident, const ChangeIncidentState& wanted) {
    switch (wanted.to) {
        case IncidentState::on_hold:
            if (wanted.hold_reason == HoldReason::none) {
                return lacking(incident, "on_hold needs a hold reason");
            }
            if (wanted.hold_reason == HoldReason::caller && trim(wanted.notes).empty()) {
                return lacking(incident, "on_hold for the caller needs notes that tell them why");
            }
            return {};
        case IncidentState::resolved:
            if (wanted.close_code == CloseCode::none) {
                return lacking(incident, "resolved needs a close code");
            }
            if (trim(wanted.notes).empty()) return lacking(incident, "resolved needs notes");
            return {};
        case IncidentState::canceled:
            if (wanted.close_code != CloseCode::duplicate &&
                wanted.close_code != CloseCode::not_an_incident) {
                return lacking(incident,
                               "canceled needs the close code duplicate or not_an_incident");
            }
            if (trim(wanted.notes).empty()) return lacking(incident, "canceled needs notes");
            return {};
        default: return {};
    }
}

// invalid_input, not limit: later it would be too long as well.
Result<void> check_text(const std::string& where, const std::string& text, std::size_t limit) {
    if (!is_utf8(text)) return fail(ErrorCode::invalid_input, where + ": text is not UTF-8");
    if (text.size() > limit) {
        return fail(ErrorCode::invalid_input, where + ": text has " + std::to_string(text.size()) +
                                                  " bytes, at most " + std::to_string(limit));
    }
    return {};
}

Result<void> check_new(const CreateIncident& wanted) {
    if (trim(wanted.title).empty()) {
        return fail(ErrorCode::invalid_input, "new ticket: title is missing");
    }
    struct Text {
        const char* name;
        const std::string& text;
        std::size_t limit;
    };
    for (const Text& t : {Text{"title", wanted.title, k_max_title_bytes},
                          Text{"description", wanted.description, k_max_text_bytes},
                          Text{"category", wanted.category, k_max_key_bytes},
                          Text{"group", wanted.assignment_group, k_max_key_bytes}}) {
        if (auto ok = check_text(std::string("new ticket: ") + t.name, t.text, t.limit); !ok) {
            return ok;
        }
    }
    return {};
}

// Fields that belong to the state just entered; those of the state left are cleared.
void enter(Incident& incident, const ChangeIncidentState& wanted, Instant at) {
    const IncidentState from = incident.state;
    incident.state = wanted.to;
    incident.hold_reason = HoldReason::none;
    switch (wanted.to) {
        case IncidentState::on_hold:
            incident.hold_reason = wanted.hold_reason;
            incident.taken_over = true;
            break;
        case IncidentState::in_progress:
            incident.taken_over = true;
            if (from == IncidentState::resolved) {
                incident.reopen_count += 1;
                incident.resolved_at = Instant{};
                incident.close_code = CloseCode::none;
                incident.close_notes.clear();
            }
            break;
        case IncidentState::resolved:
            incident.resolved_at = at;
            incident.close_code = wanted.close_code;
            incident.close_notes = wanted.notes;
            break;
        case IncidentState::canceled:
            incident.closed_at = at;
            incident.close_code = wanted.close_code;
            incident.close_notes = wanted.notes;
            break;
        case IncidentState::closed:
            incident.closed_at = at;
            if (wanted.close_code != CloseCode::none) incident.close_code = wanted.close_code;
            break;
        case IncidentState::new_: break;
    }
}

}  // namespace

bool is_open(IncidentState state) {
    return state == IncidentState::new_ || state == IncidentState::in_progress ||
           state == IncidentState::on_hold;
}

bool is_allowed(IncidentState from, IncidentState to) {
    using S = IncidentState;
    switch (from) {
        case S::new_:
            return to == S::in_progress || to == S::on_hold || to == S::resolved ||
                   to == S::canceled;
        case S::in_progress: return to == S::on_hold || to == S::resolved || to == S::canceled;
        case S::on_hold: return to == S::in_progress || to == S::resolved || to == S::canceled;
        case S::resolved: return to == S::closed || to == S::in_progress;
        case S::closed:
        case S::canceled: return false;
    }
    return false;
}

Result<Step> create(const CreateIncident& wanted, IncidentId id, OrganisationId organisation,
                    SiteId site, const Stamp& stamp) {
    if (auto ok = check_new(wanted); !ok) return ok.error();
    Incident incident;
    incident.id = id;
    incident.organisation = organisation;
    incident.site = site;
    incident.asset = wanted.asset;
    incident.title = wanted.title;
    incident.description = wanted.description;
    incident.impact = wanted.impact;
    incident.urgency = wanted.urgency;
    incident.priority = priority_of(wanted.impact, wanted.urgency);
    incident.category = wanted.category;
    incident.assignment_group = wanted.assignment_group;
    incident.source = "api";
    incident.opened_at = stamp.at;
    incident.detected_at = stamp.at;
    incident.version = 0;
    return next(incident, stamp, TimelineKind::opened, Operation::open, wanted.description);
}

Result<Step> change_state(const Incident& incident, const ChangeIncidentState& wanted,
                          const Stamp& stamp) {
    const std::string move = arrow(to_string(incident.state), to_string(wanted.to));
    if (!is_allowed(incident.state, wanted.to)) return refused(incident, move + " is not allowed");
    if (auto ok = check_requirements(incident, wanted); !ok) return ok.error();
    if (auto ok = check_text("ticket " + incident_number(incident.id) + ": notes", wanted.notes,
                             k_max_text_bytes);
        !ok) {
        return ok.error();
    }
    std::string head = move;
    if (wanted.to == IncidentState::on_hold) {
        head += std::string(" (") + to_string(wanted.hold_reason) + ")";
    } else if (wanted.close_code != CloseCode::none && !is_open(wanted.to)) {
        head += std::string(" (") + to_string(wanted.close_code) + ")";
    }
    Step step = next(incident, stamp, kind_of(incident.state, wanted.to),
                     operation_of(incident.state, wanted.to), with_notes(head, wanted.notes));
    if (wanted.hold_reason == HoldReason::caller && wanted.to == IncidentState::on_hold) {
        step.entry.visibility = Visibility::public_;
    }
    enter(step.incident, wanted, stamp.at);
    return step;
}

Result<Step> assign(const Incident& incident, const AssignIncident& wanted, const Stamp& stamp) {
    if (incident.state == IncidentState::closed || incident.state == IncidentState::canceled) {
        return refused(incident,
                       std::string("assigning is not allowed when ") + to_string(incident.state));
    }
    const std::string ticket = "ticket " + incident_number(incident.id);
    if (auto ok = check_text(ticket + ": assignee", wanted.assignee, k_max_key_bytes); !ok) {
        return ok.error();
    }
    if (auto ok = check_text(ticket + ": group", wanted.assignment_group, k_max_key_bytes); !ok) {
        return ok.error();
    }
    std::string body = wanted.assignee.empty() ? "unassigned" : "assigned to " + wanted.assignee;
    if (!wanted.assignment_group.empty()) body += ", group " + wanted.assignment_group;
    Step step = next(incident, stamp, TimelineKind::assigned, Operation::update, std::move(body));
    step.incident.assignee = wanted.assignee;
    if (!wanted.assignment_group.empty()) step.incident.assignment_group = wanted.assignment_group;
    if (!wanted.assignee.empty()) step.incident.taken_over = true;
    return step;
}

Result<Step> add_note(const Incident& incident, const AddNote& wanted, const Stamp& stamp) {
    if (trim(wanted.body).empty()) return lacking(incident, "a note needs text");
    if (auto ok = check_text("ticket " + incident_number(incident.id) + ": note", wanted.body,
                             k_max_text_bytes);
        !ok) {
        return ok.error();
    }
    const auto kind =
        wanted.visibility == Visibility::public_ ? TimelineKind::comment : TimelineKind::work_note;
    Step step = next(incident, stamp, kind, Operation::note, wanted.body);
    step.entry.visibility = wanted.visibility;
    return step;
}

Result<Step> change_priority(const Incident& incident, const ChangePriority& wanted,
                             const Stamp& stamp) {
    if (incident.state == IncidentState::closed || incident.state == IncidentState::canceled) {
        return refused(incident, std::string("changing the priority is not allowed when ") +
                                     to_string(incident.state));
    }
    if (trim(wanted.reason).empty()) return lacking(incident, "a priority change needs a reason");
    if (auto ok = check_text("ticket " + incident_number(incident.id) + ": reason", wanted.reason,
                             k_max_text_bytes);
        !ok) {
        return ok.error();
    }
    const int priority = priority_of(wanted.impact, wanted.urgency);
    Step step = next(incident, stamp, TimelineKind::priority_changed, Operation::update,
                     with_notes("priority " + std::to_string(incident.priority) + " -> " +
                                    std::to_string(priority),
                                wanted.reason));
    step.incident.impact = wanted.impact;
    step.incident.urgency = wanted.urgency;
    step.incident.priority = priority;
    return step;
}

Step open_incident(const IncidentAction& action, SiteId site) {
    Step step;
    Incident& incident = step.incident;
    incident.id = action.incident;
    incident.organisation = action.organisation;
    incident.site = site;
    incident.asset = action.asset;
    incident.title = action.title;
    incident.impact = action.impact;
    incident.urgency = action.urgency;
    incident.priority = priority_of(action.impact, action.urgency);
    incident.category = action.category;
    incident.assignment_group = action.assignment_group;
    incident.source = "monitoring";
    incident.opened_at = action.at;
    incident.updated_at = action.at;
    incident.detected_at = action.detected_at;
    incident.alert_count = action.alert.is_set() ? 1 : 0;
    incident.firing_count = action.firing_count;
    step.operation = Operation::open;
    step.entry.incident = action.incident;
    step.entry.organisation = action.organisation;
    step.entry.at = action.at;
    step.entry.kind = TimelineKind::opened;
    step.entry.actor = k_monitoring_actor;
    step.entry.body = action.body;
    step.entry.journal_seq = action.journal_seq;
    return step;
}

namespace {

// Recovery of one of several alerts, a person's ticket, or plain news.
TimelineKind kind_of_note(const Incident& incident, const IncidentAction& action) {
    if (action.firing_count < incident.firing_count) return TimelineKind::alert_resolved;
    if (action.firing_count > incident.firing_count) return TimelineKind::alert_firing;
    return TimelineKind::updated;
}

Step resolve_by_monitoring(const Incident& incident, const IncidentAction& action,
                           const Stamp& stamp) {
    Step step = next(incident, stamp, TimelineKind::resolved, Operation::resolve, action.body);
    step.incident.state = IncidentState::resolved;
    step.incident.hold_reason = HoldReason::none;
    step.incident.close_code = CloseCode::recovered;
    step.incident.close_notes = action.body;
    step.incident.resolved_at = stamp.at;
    return step;
}

// Keeps `taken_over` as it was: a ticket that nobody ever took may resolve itself again.
Step reopen_by_monitoring(const Incident& incident, const IncidentAction& action,
                          const Stamp& stamp) {
    Step step = next(incident, stamp, TimelineKind::reopened, Operation::reopen, action.body);
    step.incident.state = IncidentState::in_progress;
    step.incident.reopen_count += 1;
    step.incident.resolved_at = Instant{};
    step.incident.close_code = CloseCode::none;
    step.incident.close_notes.clear();
    return step;
}

Step set_priority_by_monitoring(const Incident& incident, const IncidentAction& action,
                                const Stamp& stamp) {
    const int priority = priority_of(action.impact, action.urgency);
    Step step = next(incident, stamp, TimelineKind::priority_changed, Operation::update,
                     with_notes("priority " + std::to_string(incident.priority) + " -> " +
                                    std::to_string(priority),
                                action.body));
    step.incident.impact = action.impact;
    step.incident.urgency = action.urgency;
    step.incident.priority = priority;
    return step;
}

Step note_by_monitoring(const Incident& incident, const IncidentAction& action,
                        const Stamp& stamp) {
    return next(incident, stamp, kind_of_note(incident, action), Operation::note, action.body);
}

}  // namespace

Step follow(const Incident& incident, const IncidentAction& action, bool newly_bound) {
    using Kind = IncidentAction::Kind;
    const Stamp stamp{k_monitoring_actor, action.at, action.journal_seq};
    const auto made = [&]() -> Step {
        switch (action.kind) {
            case Kind::bind_alert:
                return next(incident, stamp, TimelineKind::alert_firing, Operation::update,
                            action.body);
            case Kind::set_priority:
                if (is_open(incident.state)) {
                    return set_priority_by_monitoring(incident, action, stamp);
                }
                break;
            case Kind::resolve:
                if (is_open(incident.state)) return resolve_by_monitoring(incident, action, stamp);
                break;
            case Kind::reopen:
                if (incident.state == IncidentState::resolved) {
                    return reopen_by_monitoring(incident, action, stamp);
                }
                break;
            case Kind::open:
            case Kind::note: break;
        }
        return note_by_monitoring(incident, action, stamp);
    };
    Step step = made();
    step.incident.firing_count = action.firing_count;
    if (newly_bound) step.incident.alert_count += 1;
    return step;
}

}  // namespace gantry::itsm
