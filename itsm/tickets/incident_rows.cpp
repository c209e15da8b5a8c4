#include "itsm/tickets/incident_rows.hpp"

namespace gantry::itsm {

using records::Query;

Incident read_incident(Query& query) {
    Incident incident;
    incident.id = query.id<IncidentId>();
    incident.organisation = query.id<OrganisationId>();
    incident.site = query.id<SiteId>();
    incident.asset = query.id<AssetId>();
    incident.title = query.text();
    incident.description = query.text();
    incident.state = query.word<IncidentState>();
    incident.impact = query.word<Level>();
    incident.urgency = query.word<Level>();
    incident.priority = static_cast<int>(query.integer());
    incident.category = query.text();
    incident.source = query.text();
    incident.assignee = query.text();
    incident.assignment_group = query.text();
    incident.hold_reason = query.word<HoldReason>();
    incident.close_code = query.word<CloseCode>();
    incident.close_notes = query.text();
    incident.opened_at = query.time();
    incident.updated_at = query.time();
    incident.resolved_at = query.time();
    incident.closed_at = query.time();
    incident.detected_at = query.time();
    incident.alert_count = query.integer();
    incident.firing_count = query.integer();
    incident.reopen_count = query.integer();
    incident.taken_over = query.flag();
    incident.version = query.integer();
    return incident;
}

Result<void> insert_incident(storage::Connection& connection, const Incident& incident) {
    static constexpr std::string_view k_insert =
        "INSERT INTO incidents (id, organisation_id, site_id, asset_id, title, description, "
        "state, impact, urgency, priority, category, source, assignee, assignment_group, "
        "hold_reason, close_code, close_notes, opened_at, updated_at, resolved_at, closed_at, "
        "detected_at, alert_count, firing_count, reopen_count, taken_over, version) VALUES "
        "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,"
        "$25,$26,$27)";
    Query insert(connection, k_insert);
    insert.bind(incident.id, incident.organisation, incident.site, incident.asset, incident.title,
                incident.description, incident.state, incident.impact, incident.urgency,
                incident.priority, incident.category, incident.source, incident.assignee,
                incident.assignment_group, incident.hold_reason, incident.close_code,
                incident.close_notes, incident.opened_at, incident.updated_at, incident.resolved_at,
                incident.closed_at, incident.detected_at, incident.alert_count,
                incident.firing_count, incident.reopen_count, incident.taken_over,
                incident.version);
    return insert.run();
}

Result<void> update_incident(storage::Connection& connection, const Incident& incident) {
    Query update(connection,
                 "UPDATE incidents SET state = $1, impact = $2, urgency = $3, priority = $4, "
                 "assignee = $5, assignment_group = $6, hold_reason = $7, close_code = $8, "
                 "close_notes = $9, updated_at = $10, resolved_at = $11, closed_at = $12, "
                 "alert_count = $13, firing_count = $14, reopen_count = $15, taken_over = $16, "
                 "version = $17 WHERE id = $18");
    update.bind(incident.state, incident.impact, incident.urgency, incident.priority,
                incident.assignee, incident.assignment_group, incident.hold_reason,
                incident.close_code, incident.close_notes, incident.updated_at,
                incident.resolved_at, incident.closed_at, incident.alert_count,
                incident.firing_count, incident.reopen_count, incident.taken_over, incident.version,
                incident.id);
    return update.run();
}

Result<Incident> find_incident(storage::Connection& connection, const Scope& scope, IncidentId id) {
    Query query(connection, "SELECT " + std::string(k_incident_columns) +
                                " FROM incidents WHERE id = $1 AND " +
                                records::scope_condition(scope));
    query.bind(id);
    if (query.next()) return read_incident(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no incident " + incident_number(id));
}

Result<void> insert_timeline(storage::Connection& connection, const TimelineEntry& entry) {
    Query insert(connection,
                 "INSERT INTO incident_timeline (id, incident_id, organisation_id, at, kind, "
                 "actor, visibility, body, journal_seq) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)");
    insert.bind(entry.id, entry.incident, entry.organisation, entry.at, entry.kind, entry.actor,
                entry.visibility, entry.body, entry.journal_seq);
    return insert.run();
}

Result<bool> bind_alert(storage::Connection& connection, IncidentId incident, AlertId alert,
                        EpisodeId episode, bool firing) {
    bool known = false;
    {
        Query query(connection,
                    "SELECT 1 FROM incident_alerts WHERE incident_id = $1 AND alert_id = $2");
        query.bind(incident, alert);
        known = query.next();
        if (auto done = query.done(); !done) return done.error();
    }
    Query save(connection, known ? "UPDATE incident_alerts SET episode_id = $1, firing = $2 "
                                   "WHERE incident_id = $3 AND alert_id = $4"
                                 : "INSERT INTO incident_alerts (episode_id, firing, incident_id, "
                                   "alert_id) VALUES ($1,$2,$3,$4)");
    if (auto done = save.bind(episode, firing, incident, alert).run(); !done) return done.error();
    return !known;
}

}  // namespace gantry::itsm
