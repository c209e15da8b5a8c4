// The incident's state machine: pure functions from (incident, what is asked, who and when) to the
// next incident and its timeline. Transitions are ITIL's as ServiceNow and iTop ship them:
//   new -> in_progress | on_hold | resolved | canceled      on_hold -> in_progress | resolved |
//   canceled in_progress -> on_hold | resolved | canceled            resolved -> closed |
//   in_progress (reopen)
// closed and canceled end: what comes back later is a new ticket. Monitoring resolves from new,
// in_progress and on_hold alike; what monitoring may not do becomes a note, never a failure.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"

namespace gantry::itsm {

// Who does it, when, and the journal record behind it.
struct Stamp {
    std::string actor;
    Instant at{};
    JournalSeq seq;
};

// The actor of everything that monitoring does.
inline constexpr const char* k_monitoring_actor = "gantry";

// What an operation made: the incident as it is now, its version one higher; the timeline's entry
// (id unset, the store numbers it); and what the connectors are told.
struct Step {
    Incident incident;
    TimelineEntry entry;
    Operation operation = Operation::update;
};

[[nodiscard]] bool is_open(IncidentState state);  // new, in_progress, on_hold
[[nodiscard]] bool is_allowed(IncidentState from, IncidentState to);

// --- people. Errors: conflict for a state that does not allow it; invalid_input for what lacks,
// for text that is no UTF-8 or longer than a title's, a key's (names, groups) or a description's
// bound

// A ticket made by hand. `id` and `site` come from the store.
[[nodiscard]] Result<Step> create(const CreateIncident& wanted, IncidentId id,
                                  OrganisationId organisation, SiteId site, const Stamp& stamp);
// on_hold needs a reason, on_hold for the caller also notes (they are shown to the caller);
// resolved needs a close code and notes; canceled needs notes and the code duplicate or
// not_an_incident. in_progress and on_hold take the ticket over from monitoring.
[[nodiscard]] Result<Step> change_state(const Incident& incident, const ChangeIncidentState& wanted,
                                        const Stamp& stamp);
// A named assignee takes the ticket over; a group alone is routing and does not. Not when closed
// or canceled.
[[nodiscard]] Result<Step> assign(const Incident& incident, const AssignIncident& wanted,
                                  const Stamp& stamp);
// In every state; takes nothing over.
[[nodiscard]] Result<Step> add_note(const Incident& incident, const AddNote& wanted,
                                    const Stamp& stamp);
// Needs a reason. Not when closed or canceled.
[[nodiscard]] Result<Step> change_priority(const Incident& incident, const ChangePriority& wanted,
                                           const Stamp& stamp);

// --- monitoring ---

// REQUIRES: action.kind == open.
[[nodiscard]] Step open_incident(const IncidentAction& action, SiteId site);
// Every other kind. `newly_bound`: the action's alert was not bound to this incident before.
[[nodiscard]] Step follow(const Incident& incident, const IncidentAction& action, bool newly_bound);

}  // namespace gantry::itsm
