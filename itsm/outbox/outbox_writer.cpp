#include "itsm/outbox/outbox_writer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/model/json.hpp"
#include "core/records/query.hpp"

namespace gantry::itsm {
namespace {

using Json = nlohmann::ordered_json;
using records::Query;

bool wants_organisation(const Subscription& subscription, OrganisationId organisation) {
    const auto& wanted = subscription.organisations;
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), organisation) != wanted.end();
}

bool wants_operation(const Subscription& subscription, Operation operation) {
    const auto& wanted = subscription.operations;
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), operation) != wanted.end();
}

// Name of a row by its id; "" when there is none.
Result<std::string> name_of(storage::Connection& connection, const char* sql, std::int64_t id) {
    Query query(connection, sql);
    query.bind(id);
    std::string name;
    if (query.next()) name = query.text();
    if (auto done = query.done(); !done) return done.error();
    return name;
}

}  // namespace

OutboxWriter::OutboxWriter(std::vector<Subscription> subscriptions)
    : subscriptions_(std::move(subscriptions)) {}

Result<bool> OutboxWriter::knows(storage::Connection& connection, const std::string& connector,
                                 IncidentId incident) {
    // A row, or the link that a delivered one left behind when it was trimmed: equal either way.
    for (const char* table : {"outbox", "connector_links"}) {
        Query query(connection, "SELECT 1 FROM " + std::string(table) +
                                    " WHERE connector = $1 AND incident_id = $2 LIMIT 1");
        query.bind(connector, incident);
        const bool known = query.next();
        if (auto done = query.done(); !done) return done.error();
        if (known) return true;
    }
    return false;
}

Result<void> OutboxWriter::write(storage::Connection& connection, const Incident& incident,
                                 Operation operation, const TimelineEntry& entry,
                                 Sequences& sequences) {
    if (subscriptions_.empty()) return {};
    Json payload;  // made once, for the first connector that wants it
    for (const Subscription& subscription : subscriptions_) {
        if (!wants_organisation(subscription, incident.organisation)) continue;
        // Who wants no opens keeps no ticket that would have to be made first.
        const bool keeps_ticket = wants_operation(subscription, Operation::open);
        bool known = false;
        if (operation != Operation::open) {
            const auto heard = knows(connection, subscription.connector, incident.id);
            if (!heard) return heard.error();
            known = *heard;
        }
        if (!known && incident.priority > subscription.min_priority) continue;
        if (!known && keeps_ticket && operation == Operation::resolve) continue;  // news of nothing
        const Operation told = known || !keeps_ticket ? operation : Operation::open;
        if (!wants_operation(subscription, told)) continue;
        if (payload.is_null()) {
            const auto asset =
                name_of(connection, "SELECT name FROM assets WHERE id = $1", incident.asset.value);
            if (!asset) return asset.error();
            const auto organisation =
                name_of(connection, "SELECT name FROM organisations WHERE id = $1",
                        incident.organisation.value);
            if (!organisation) return organisation.error();
            payload = Json{
                {"schema", 1},
                {"operation", ""},
                {"idempotency_key", ""},
                {"at", to_rfc3339(entry.at)},
                {"incident", Json::parse(to_json(incident))},
                {"asset", {{"id", incident.asset.value}, {"name", *asset}}},
                {"organisation", {{"id", incident.organisation.value}, {"name", *organisation}}},
                {"actor", entry.actor},
                {"text", entry.body}};
        }
        const std::string key = incident_number(incident.id) + "." +
                                std::to_string(incident.version) + "." + subscription.connector;
        payload["operation"] = to_string(told);
        payload["idempotency_key"] = key;
        Query insert(connection,
                     "INSERT INTO outbox (id, organisation_id, connector, incident_id, operation, "
                     "idempotency_key, payload, state, attempts, created_at, next_attempt_at, "
                     "lease_until, delivered_at, last_error, remote_id) "
                     "VALUES ($1,$2,$3,$4,$5,$6,$7,0,0,$8,$9,0,0,'','')");
        insert.bind(sequences.next_delivery, incident.organisation, subscription.connector,
                    incident.id, told, key,
                    payload.dump(-1, ' ', false, Json::error_handler_t::replace), entry.at,
                    entry.at);
        if (auto done = insert.run(); !done) return done;
        ++sequences.next_delivery;
    }
    return {};
}

}  // namespace gantry::itsm
