#include "itsm/outbox/backlog.hpp"

#include "core/model/delivery.hpp"
#include "core/records/query.hpp"

namespace gantry::itsm {
namespace {

using records::Query;

Result<void> count_states(storage::Connection& connection, const std::string& connector,
                          Backlog& out, std::int64_t& first) {
    // Of the index alone, also the ids: rows are wide, and a tool that is down lets many wait.
    Query query(connection,
                "SELECT state, COUNT(*), MIN(id) FROM outbox WHERE connector = $1 AND "
                "state IN (0, 1, 3) GROUP BY state");
    query.bind(connector);
    while (query.next()) {
        const auto state = query.word<DeliveryState>();
        const std::int64_t count = query.integer();
        const std::int64_t id = query.integer();
        if (state == DeliveryState::dead) {
            out.dead = count;
            continue;
        }
        out.waiting += count;
        if (first == 0 || id < first) first = id;
    }
    return query.done();
}

Result<void> count_blocked(storage::Connection& connection, const std::string& connector,
                           Backlog& out) {
    Query query(connection,
                "SELECT COUNT(*) FROM outbox d, outbox o WHERE d.connector = $1 AND d.state = 3 "
                "AND d.operation = 0 AND o.connector = d.connector AND "
                "o.incident_id = d.incident_id AND o.id > d.id AND o.state = 0");
    query.bind(connector);
    if (query.next()) out.blocked = query.integer();
    return query.done();
}

// The name after `connector`, in order; "" at the end. A step through the index each.
Result<std::string> next_connector(storage::Connection& connection, const std::string& connector) {
    Query query(connection,
                "SELECT connector FROM outbox WHERE connector > $1 ORDER BY connector LIMIT 1");
    query.bind(connector);
    std::string next;
    if (query.next()) next = query.text();
    if (auto done = query.done(); !done) return done.error();
    return next;
}

Result<std::int64_t> trim(storage::Connection& connection, const std::string& connector,
                          DeliveryState state, Instant before, std::int64_t max) {
    // next_attempt_at is indexed and never after the end; without its link a row would be missed,
    // and behind a dead row it is what tells that a retry of that one would undo it.
    constexpr std::string_view k_over =
        " FROM outbox WHERE connector = $1 AND state = $2 AND next_attempt_at < $3 AND "
        "delivered_at < $4 AND EXISTS (SELECT 1 FROM connector_links l WHERE "
        "l.connector = outbox.connector AND l.incident_id = outbox.incident_id) AND "
        "NOT EXISTS (SELECT 1 FROM outbox d WHERE d.connector = outbox.connector AND "
        "d.incident_id = outbox.incident_id AND d.id < outbox.id AND d.state = 3) LIMIT $5";
    std::int64_t count = 0;
    {
        Query query(connection,
                    "SELECT COUNT(*) FROM (SELECT id" + std::string(k_over) + ") AS over_rows");
        query.bind(connector, state, before, before, max);
        if (query.next()) count = query.integer();
        if (auto done = query.done(); !done) return done.error();
    }
    if (count == 0) return count;
    Query remove(connection,
                 "DELETE FROM outbox WHERE id IN (SELECT id" + std::string(k_over) + ")");
    remove.bind(connector, state, before, before, max);
    if (auto done = remove.run(); !done) return done.error();
    return count;
}

}  // namespace

Result<Backlog> backlog(storage::Connection& connection, const std::string& connector) {
    Backlog out;
    std::int64_t first = 0;
    if (auto done = count_states(connection, connector, out, first); !done) return done.error();
    if (out.dead > 0 && out.waiting > 0) {
        if (auto done = count_blocked(connection, connector, out); !done) return done.error();
    }
    if (first == 0) return out;
    Query query(connection, "SELECT created_at FROM outbox WHERE id = $1");
    query.bind(first);
    if (query.next()) out.oldest = query.time();
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<std::int64_t> trim_outbox(storage::Connection& connection, Instant before,
                                 std::int64_t max) {
    std::int64_t gone = 0;
    std::string connector;
    while (gone < max) {
        auto next = next_connector(connection, connector);
        if (!next) return next.error();
        if (next->empty()) break;
        connector = std::move(*next);
        for (const auto state : {DeliveryState::delivered, DeliveryState::discarded}) {
            const auto count = trim(connection, connector, state, before, max - gone);
            if (!count) return count.error();
            gone += *count;
        }
    }
    return gone;
}

}  // namespace gantry::itsm
