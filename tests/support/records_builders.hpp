// Builders of what the records hold, with fields that differ from row to row and from their
// defaults, and the text of whole tables to compare.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/storage/database.hpp"

namespace gantry::test {

// The value, or the end of the test with the error's message.
template <class T>
T must(Result<T> result) {
    if (!result) FAIL(result.error().message);
    return std::move(*result);
}
inline void must(Result<void> result) {
    if (!result) FAIL(result.error().message);
}

inline Instant moment(std::int64_t seconds) { return from_ms(1'764'000'000'000 + seconds * 1000); }

inline constexpr OrganisationId k_ours{1};
inline constexpr OrganisationId k_theirs{2};

inline IncidentAction open_action(std::int64_t id, OrganisationId organisation = k_ours) {
    IncidentAction action;
    action.kind = IncidentAction::Kind::open;
    action.incident = IncidentId{id};
    action.organisation = organisation;
    action.alert = AlertId{100 + id};
    action.episode = EpisodeId{200 + id};
    action.title = "disk full on web" + std::to_string(id);
    action.body = "used 97 %";
    action.category = "monitoring";
    action.assignment_group = "night";
    action.impact = Level::medium;
    action.urgency = Level::high;
    action.at = moment(10 * id);
    action.detected_at = moment(10 * id - 5);
    action.firing_count = 1;
    action.journal_seq = JournalSeq{300 + id};
    return action;
}

// What monitoring does next to the incident of `opened`, a minute later.
inline IncidentAction then(const IncidentAction& opened, IncidentAction::Kind kind,
                           std::int64_t firing = 1) {
    IncidentAction action = opened;
    action.kind = kind;
    action.body = "and then";
    action.at = opened.at + Millis{60'000};
    action.firing_count = firing;
    action.journal_seq = JournalSeq{opened.journal_seq.value + 1000};
    return action;
}

inline Changes changes_of(std::vector<IncidentAction> actions) {
    Changes changes;
    changes.actions = std::move(actions);
    return changes;
}

inline Command command_of(CommandBody body, OrganisationId organisation = k_ours) {
    return Command{organisation, "ann", std::nullopt, std::move(body)};
}

// A physical machine whose every fact depends on `number`.
inline Facts machine(int number) {
    const std::string n = std::to_string(10 + number);
    Facts facts;
    facts.hostname = "host" + n;
    facts.manufacturer = "Dell Inc.";
    facts.serial = "SVC" + n;
    facts.smbios_uuid = "4c4c4544-0042-3510-8052-b4c04f4e33" + n;
    facts.baseboard_serial = "BOARD" + n;
    facts.machine_id = "0123456789abcdef0123456789abcd" + n;
    facts.root_disk_serial = "DISK" + n;
    facts.macs = {"00:25:90:00:00:" + n, "00:25:90:00:01:" + n};
    return facts;
}

inline Asset asset_of(std::int64_t id, OrganisationId organisation = k_ours) {
    Asset asset;
    asset.id = AssetId{id};
    asset.organisation = organisation;
    asset.site = SiteId{40 + id};
    asset.asset_class = AssetClass::server;
    asset.name = "web" + std::to_string(id);
    asset.facts = machine(static_cast<int>(id));
    asset.identified_by = "serial and uuid";
    asset.created_at = moment(id);
    asset.last_seen_at = moment(id + 1);
    asset.version = 3;
    return asset;
}

inline Alert alert_of(std::int64_t id, OrganisationId organisation = k_ours) {
    Alert alert;
    alert.id = AlertId{id};
    alert.organisation = organisation;
    const std::string number = std::to_string(id);
    alert.text = AlertText("generic", "disk:" + number, "disk " + number + " is full",
                           {{"host", "web" + number}, {"mount", "/srv"}});
    alert.state = AlertState::firing;
    alert.severity = Severity::critical;
    alert.asset = AssetId{id};
    alert.episode = EpisodeId{200 + id};
    alert.episode_count = 2;
    alert.started_at = moment(id);
    alert.last_seen_at = moment(id + 1);
    alert.resolved_at = moment(id - 1);
    alert.expires_after = Millis{90'000};
    alert.incident = IncidentId{id};
    alert.opened_seq = JournalSeq{300 + id};
    alert.changed_seq = JournalSeq{301 + id};
    return alert;
}

inline Decision decision_of(std::int64_t id, OrganisationId organisation = k_ours) {
    Decision decision;
    decision.id = DecisionId{id};
    decision.organisation = organisation;
    decision.journal_seq = JournalSeq{300 + id};
    decision.event_index = 1;
    decision.at = moment(id);
    decision.alert = AlertId{id};
    decision.episode = EpisodeId{200 + id};
    decision.incident = IncidentId{id};
    decision.asset = AssetId{id};
    decision.outcome = Outcome::incident_opened;
    decision.dedup = DedupReason::new_episode;
    decision.identify = IdentifyReason::host_name;
    decision.promote = PromoteReason::rule_opens;
    decision.severity = Severity::critical;
    decision.rules_version = -7;  // a hash may be negative
    decision.rule_index = 2;
    return decision;
}

// The rows of `sql`, columns joined by '|'.
inline std::vector<std::string> texts(storage::Connection& connection, const std::string& sql,
                                      int columns) {
    auto statement = must(connection.prepare(sql));
    std::vector<std::string> out;
    while (must(statement->step())) {
        std::string row = statement->text(0);
        for (int column = 1; column < columns; ++column) row += '|' + statement->text(column);
        out.push_back(std::move(row));
    }
    statement->reset();
    return out;
}

// Everything that tickets write, one line a row.
inline std::vector<std::string> ticket_tables(storage::Connection& connection) {
    struct Table {
        const char* columns;
        const char* name;
        const char* order;
        int count;
    };
    const Table tables[] = {
        {"id, organisation_id, site_id, asset_id, title, state, impact, urgency, priority, "
         "assignee, assignment_group, hold_reason, close_code, close_notes, updated_at, "
         "alert_count, firing_count, reopen_count, taken_over, version",
         "incidents", "id", 20},
        {"id, incident_id, organisation_id, at, kind, actor, visibility, body, journal_seq",
         "incident_timeline", "id", 9},
        {"incident_id, alert_id, episode_id, firing", "incident_alerts", "incident_id, alert_id",
         4},
        {"id, organisation_id, site_id, class, name, facts, identified_by, version", "assets", "id",
         8},
        {"organisation_id, kind, value, asset_id", "asset_identities", "asset_id, kind, value", 4},
        {"id, agent_id, organisation_id, site_id, role, asset_id, name, revoked", "agents", "id",
         8},
        {"id, name, role, organisation_id, disabled", "users", "id", 5},
        {"id, uses, revoked_at", "tokens", "id", 3},
        {"id, connector, incident_id, operation, idempotency_key, payload, state, attempts, "
         "created_at, next_attempt_at, lease_until, delivered_at, last_error, remote_id",
         "outbox", "id", 14},
        {"connector, incident_id, remote_id", "connector_links", "connector, incident_id", 3},
        {"organisation_id, name, document, version", "policies", "name, organisation_id", 4},
    };
    std::vector<std::string> out;
    for (const Table& table : tables) {
        const std::string sql = std::string("SELECT ") + table.columns + " FROM " + table.name +
                                " ORDER BY " + table.order;
        for (const std::string& row : texts(connection, sql, table.count)) {
            out.push_back(std::string(table.name) + ": " + row);
        }
    }
    return out;
}

}  // namespace gantry::test
