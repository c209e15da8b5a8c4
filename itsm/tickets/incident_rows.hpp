// Incidents, their timeline and their alerts as rows. Blocking, inside the caller's transaction.
#pragma once

#include <string_view>

#include "core/base/result.hpp"
#include "core/model/incident.hpp"
#include "core/model/scope.hpp"
#include "core/records/query.hpp"
#include "core/storage/database.hpp"

namespace gantry::itsm {

inline constexpr std::string_view k_incident_columns =
    "id, organisation_id, site_id, asset_id, title, description, state, impact, urgency, priority, "
    "category, source, assignee, assignment_group, hold_reason, close_code, close_notes, "
    "opened_at, updated_at, resolved_at, closed_at, detected_at, alert_count, firing_count, "
    "reopen_count, taken_over, version";

// The columns above, in their order.
Incident read_incident(records::Query& query);

Result<void> insert_incident(storage::Connection& connection, const Incident& incident);
Result<void> update_incident(storage::Connection& connection, const Incident& incident);
// not_found outside the scope.
Result<Incident> find_incident(storage::Connection& connection, const Scope& scope, IncidentId id);

Result<void> insert_timeline(storage::Connection& connection, const TimelineEntry& entry);

// Remembers that the alert belongs to the incident, firing or not. True: it was not bound before.
Result<bool> bind_alert(storage::Connection& connection, IncidentId incident, AlertId alert,
                        EpisodeId episode, bool firing);

}  // namespace gantry::itsm
