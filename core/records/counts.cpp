#include "core/records/counts.hpp"

#include "core/model/alert.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

Result<void> count_incidents(storage::Connection& connection, const Scope& scope, Counts& out) {
    // "state < 3" as in the index of open incidents.
    static_assert(static_cast<int>(IncidentState::resolved) == 3);
    Query query(connection, "SELECT priority, COUNT(*) FROM incidents WHERE state < 3 AND " +
                                scope_condition(scope) + " GROUP BY priority");
    while (query.next()) {
        const auto priority = static_cast<std::size_t>(query.integer());
        if (priority < out.open_incidents.size()) out.open_incidents[priority] = query.integer();
    }
    return query.done();
}

Result<void> count_alerts(storage::Connection& connection, const Scope& scope, Counts& out) {
    Query query(connection,
                "SELECT COUNT(*) FROM alerts WHERE state = $1 AND " + scope_condition(scope));
    query.bind(AlertState::firing);
    if (query.next()) out.firing_alerts = query.integer();
    return query.done();
}

Result<void> count_deliveries(storage::Connection& connection, const Scope& scope, Counts& out) {
    Query query(connection, "SELECT state, COUNT(*) FROM outbox WHERE state NOT IN ($1, $2) AND " +
                                scope_condition(scope) + " GROUP BY state");
    query.bind(DeliveryState::delivered, DeliveryState::discarded);
    while (query.next()) {
        const auto state = query.word<DeliveryState>();
        (state == DeliveryState::dead ? out.deliveries_dead : out.deliveries_waiting) +=
            query.integer();
    }
    return query.done();
}

Result<void> find_last_error(storage::Connection& connection, const Scope& scope, Counts& out) {
    Query query(connection,
                "SELECT connector, last_error FROM outbox WHERE state NOT IN ($1, $2) AND "
                "last_error <> '' AND " +
                    scope_condition(scope) + " ORDER BY id DESC LIMIT 1");
    query.bind(DeliveryState::delivered, DeliveryState::discarded);
    if (query.next()) {
        out.last_error_connector = query.text();
        out.last_error = query.text();
    }
    return query.done();
}

}  // namespace

Result<Counts> counts(storage::Connection& connection, const Scope& scope) {
    Counts out;
    for (const auto& step : {count_incidents, count_alerts, count_deliveries, find_last_error}) {
        if (auto done = step(connection, scope, out); !done) return done.error();
    }
    return out;
}

}  // namespace gantry::records
