// Encoders of the API's documents.
#include "core/model/json.hpp"

#include "core/model/facts_fields.hpp"
#include "core/model/json_build.hpp"

namespace gantry {
namespace json {

Json facts(const Facts& facts) {
    Json out = Json::object();
    for (const auto& [key, member] : k_facts_text_fields) {
        if (!(facts.*member).empty()) out[key] = facts.*member;
    }
    for (const auto& [key, member] : k_facts_number_fields) {
        if (facts.*member != 0) out[key] = facts.*member;
    }
    if (!facts.macs.empty()) out["macs"] = facts.macs;
    return out;
}

}  // namespace json

namespace {

using json::Json;

// A text of JSON inside a row, as a value again; null when it is none.
Json embedded(const std::string& text) {
    Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() ? Json(nullptr) : parsed;
}

Json nullable(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

std::string to_json(const Incident& incident) {
    return json::dump(Json{
        {"id", incident.id.value},
        {"number", incident_number(incident.id)},
        {"organisation_id", json::id(incident.organisation)},
        {"site_id", json::id(incident.site)},
        {"asset_id", json::id(incident.asset)},
        {"title", incident.title},
        {"description", incident.description},
        {"state", to_string(incident.state)},
        {"impact", to_string(incident.impact)},
        {"urgency", to_string(incident.urgency)},
        {"priority", incident.priority},
        {"category", nullable(incident.category)},
        {"source", nullable(incident.source)},
        {"assignee", nullable(incident.assignee)},
        {"assignment_group", nullable(incident.assignment_group)},
        {"hold_reason", incident.hold_reason == HoldReason::none
                            ? Json(nullptr)
                            : Json(to_string(incident.hold_reason))},
        {"close_code", incident.close_code == CloseCode::none
                           ? Json(nullptr)
                           : Json(to_string(incident.close_code))},
        {"close_notes", nullable(incident.close_notes)},
        {"opened_at", json::time(incident.opened_at)},
        {"updated_at", json::time(incident.updated_at)},
        {"resolved_at", json::time(incident.resolved_at)},
        {"closed_at", json::time(incident.closed_at)},
        {"detected_at", json::time(incident.detected_at)},
        {"alert_count", incident.alert_count},
        {"firing_count", incident.firing_count},
        {"reopen_count", incident.reopen_count},
        {"taken_over", incident.taken_over},
        {"version", incident.version},
    });
}

std::string to_json(const TimelineEntry& entry) {
    return json::dump(Json{
        {"id", entry.id.value},
        {"incident_id", json::id(entry.incident)},
        {"at", json::time(entry.at)},
        {"kind", to_string(entry.kind)},
        {"actor", entry.actor},
        {"visibility", to_string(entry.visibility)},
        {"body", entry.body},
        {"journal_seq", json::id(entry.journal_seq)},
    });
}

std::string to_json(const Alert& alert) {
    return json::dump(Json{
        {"id", alert.id.value},
        {"organisation_id", json::id(alert.organisation)},
        {"source", alert.text.source()},
        {"key", alert.text.key()},
        {"state", to_string(alert.state)},
        {"severity", to_string(alert.severity)},
        {"summary", alert.text.summary()},
        {"labels", json::labels(alert.text.labels())},
        {"asset_id", json::id(alert.asset)},
        {"incident_id", json::id(alert.incident)},
        {"episode_id", json::id(alert.episode)},
        {"episode_count", alert.episode_count},
        {"started_at", json::time(alert.started_at)},
        {"last_seen_at", json::time(alert.last_seen_at)},
        {"resolved_at", json::time(alert.resolved_at)},
        {"expires_after_s", alert.expires_after.count() / 1000},
        {"opened_seq", json::id(alert.opened_seq)},
        {"changed_seq", json::id(alert.changed_seq)},
    });
}

std::string to_json(const Asset& asset) {
    return json::dump(Json{
        {"id", asset.id.value},
        {"organisation_id", json::id(asset.organisation)},
        {"site_id", json::id(asset.site)},
        {"class", to_string(asset.asset_class)},
        {"name", asset.name},
        {"lifecycle", to_string(asset.lifecycle)},
        {"identified_by", nullable(asset.identified_by)},
        {"facts", json::facts(asset.facts)},
        {"created_at", json::time(asset.created_at)},
        {"last_seen_at", json::time(asset.last_seen_at)},
        {"version", asset.version},
    });
}

std::string to_json(const Decision& decision) {
    return json::dump(Json{
        {"id", decision.id.value},
        {"organisation_id", json::id(decision.organisation)},
        {"journal_seq", json::id(decision.journal_seq)},
        {"event_index", decision.event_index},
        {"at", json::time(decision.at)},
        {"action", to_string(decision.action)},
        {"severity", to_string(decision.severity)},
        {"alert_id", json::id(decision.alert)},
        {"episode_id", json::id(decision.episode)},
        {"incident_id", json::id(decision.incident)},
        {"asset_id", json::id(decision.asset)},
        {"outcome", to_string(decision.outcome)},
        {"deduplicate", to_string(decision.dedup)},
        {"identify", to_string(decision.identify)},
        {"promote", to_string(decision.promote)},
        {"rules_version", decision.rules_version},
        {"rule_index", decision.rule_index < 0 ? Json(nullptr) : Json(decision.rule_index)},
    });
}

std::string to_json(const Delivery& delivery) {
    return json::dump(Json{
        {"id", delivery.id.value},
        {"organisation_id", json::id(delivery.organisation)},
        {"connector", delivery.connector},
        {"incident_id", json::id(delivery.incident)},
        {"incident", incident_number(delivery.incident)},
        {"operation", to_string(delivery.operation)},
        {"idempotency_key", delivery.idempotency_key},
        {"state", to_string(delivery.state)},
        {"attempts", delivery.attempts},
        {"created_at", json::time(delivery.created_at)},
        {"next_attempt_at", json::time(delivery.next_attempt_at)},
        {"delivered_at", json::time(delivery.delivered_at)},
        {"last_error", nullable(delivery.last_error)},
        {"remote_id", nullable(delivery.remote_id)},
        {"payload", embedded(delivery.payload)},
    });
}

std::string to_json(const Facts& facts) { return json::dump(json::facts(facts)); }

}  // namespace gantry
