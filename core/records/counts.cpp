#include "core/records/counts.hpp"

#include "core/model/alert.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

// In the very words of the index outbox_unfinished: what was delivered stays for weeks.
const std::string k_unfinished = "state IN (0, 1, 3)";
static_assert(static_cast<int>(DeliveryState::pending) == 0);
static_assert(static_cast<int>(DeliveryState::in_flight) == 1);
static_assert(static_cast<int>(DeliveryState::dead) == 3);

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
    Query query(connection, "SELECT state, COUNT(*) FROM outbox WHERE " + k_unfinished + " AND " +
                                scope_condition(scope) + " GROUP BY state");
    while (query.next()) {
        const auto state = query.word<DeliveryState>();
        (state == DeliveryState::dead ? out.deliveries_dead : out.deliveries_waiting) +=
            query.integer();
    }
    return query.done();
}

Result<void> find_last_error(storage::Connection& connection, const Scope& scope, Counts& out) {
    Query query(connection, "SELECT connector, last_error FROM outbox WHERE " + k_unfinished +
                                " AND last_error <> '' AND " + scope_condition(scope) +
                                " ORDER BY id DESC LIMIT 1");
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
