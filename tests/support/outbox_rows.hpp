// Outbox rows as the writer leaves them, without an incident behind them.
#pragma once

#include "core/model/delivery.hpp"
#include "core/records/query.hpp"
#include "tests/support/records_builders.hpp"

namespace gantry::test {

struct OutboxRow {
    std::int64_t id = 1;
    std::int64_t incident = 1;
    std::string connector = "chat";
    OrganisationId organisation = k_ours;
    Operation operation = Operation::open;
    DeliveryState state = DeliveryState::pending;
    std::string last_error = {};  // so that it may be left out
};

// Made and due at moment(id).
inline void put(storage::Connection& connection, const OutboxRow& row) {
    records::Query insert(
        connection,
        "INSERT INTO outbox (id, organisation_id, connector, incident_id, operation, "
        "idempotency_key, payload, state, attempts, created_at, next_attempt_at, lease_until, "
        "delivered_at, last_error, remote_id) "
        "VALUES ($1,$2,$3,$4,$5,$6,'{}',$7,0,$8,$9,0,0,$10,'')");
    insert.bind(row.id, row.organisation, row.connector, row.incident, row.operation,
                "key" + std::to_string(row.id), row.state, moment(row.id), moment(row.id),
                row.last_error);
    must(insert.run());
}

inline std::vector<std::int64_t> ids_of(const std::vector<Delivery>& deliveries) {
    std::vector<std::int64_t> out;
    for (const Delivery& delivery : deliveries) out.push_back(delivery.id.value);
    return out;
}

}  // namespace gantry::test
