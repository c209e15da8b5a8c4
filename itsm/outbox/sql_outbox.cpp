#include "itsm/outbox/sql_outbox.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/records/query.hpp"
#include "core/storage/lazy_connection.hpp"

namespace gantry::itsm {
namespace {

using records::Query;

constexpr std::size_t k_max_error_bytes = 1024;

// Only the oldest unfinished row of an incident may go: a tool never sees a resolve before its
// open. Of the dead rows (3) only an open (0) stops those behind it.
const std::string k_goes_first =
    "NOT EXISTS (SELECT 1 FROM outbox b WHERE b.connector = o.connector AND "
    "b.incident_id = o.incident_id AND b.id < o.id AND "
    "(b.state IN (0, 1) OR (b.state = 3 AND b.operation = 0)))";

// "state IN" looks redundant and is not: it is the condition of the index outbox_waiting, which has
// the rows in their order, so that the LIMIT ends the reading; rows that may not go yet are passed
// over one by one.
const std::string k_due =
    "SELECT o.id, o.organisation_id, o.incident_id, o.operation, o.idempotency_key, o.payload, "
    "o.attempts, o.created_at, o.last_error FROM outbox o WHERE o.connector = $1 AND "
    "o.state IN (0, 1) AND "
    "((o.state = 0 AND o.next_attempt_at <= $2) OR (o.state = 1 AND o.lease_until <= $3)) AND " +
    k_goes_first + " ORDER BY o.id LIMIT $4";

// By outbox_due: the first that may go is the answer. In flight are few.
const std::string k_next_pending =
    "SELECT o.next_attempt_at FROM outbox o WHERE o.connector = $1 AND o.state = 0 AND " +
    k_goes_first + " ORDER BY o.next_attempt_at LIMIT 1";
const std::string k_next_expiry =
    "SELECT o.lease_until FROM outbox o WHERE o.connector = $1 AND o.state = 1 AND " +
    k_goes_first + " ORDER BY o.lease_until LIMIT 1";

Result<void> write_delivered(storage::Connection& open, const Settlement& s) {
    {
        Query update(open,
                     "UPDATE outbox SET state = 2, delivered_at = $1, remote_id = $2, "
                     "last_error = '', lease_until = 0 WHERE id = $3");
        if (auto ok = update.bind(s.at, s.text, s.id).run(); !ok) return ok;
    }
    // Also without an id: that it was told outlives the row. An answer without one forgets none.
    Query link(open,
               "INSERT INTO connector_links (connector, incident_id, remote_id, updated_at) "
               "SELECT connector, incident_id, $1, $2 FROM outbox WHERE id = $3 "
               "ON CONFLICT (connector, incident_id) DO UPDATE SET "
               "remote_id = excluded.remote_id, updated_at = excluded.updated_at "
               "WHERE excluded.remote_id <> ''");
    return link.bind(s.text, s.at, s.id).run();
}

Result<void> write_failure(storage::Connection& open, const Settlement& s, DeliveryState state) {
    Query update(open,
                 "UPDATE outbox SET state = $1, next_attempt_at = $2, last_error = $3, "
                 "lease_until = 0 WHERE id = $4");
    return update.bind(state, s.at, truncate_utf8(sanitise(s.text), k_max_error_bytes), s.id).run();
}

Result<void> write_release(storage::Connection& open, const Settlement& s) {
    Query update(open,
                 "UPDATE outbox SET state = 0, attempts = attempts - 1, next_attempt_at = $1, "
                 "lease_until = 0 WHERE id = $2 AND state = 1");
    return update.bind(s.at, s.id).run();
}

Result<void> write(storage::Connection& open, const Settlement& settlement) {
    switch (settlement.kind) {
        case Settlement::Kind::delivered: return write_delivered(open, settlement);
        case Settlement::Kind::retry:
            return write_failure(open, settlement, DeliveryState::pending);
        case Settlement::Kind::dead: return write_failure(open, settlement, DeliveryState::dead);
        case Settlement::Kind::release: return write_release(open, settlement);
    }
    return {};
}

class SqlOutbox final : public Outbox {
public:
    explicit SqlOutbox(storage::Database& database)
        : connection_(storage::LazyConnection::writing(database, storage::Durability::full)) {}

    Result<std::vector<Delivery>> lease(const std::string& connector, Instant now, Millis lease,
                                        std::size_t max) override;
    Result<void> settle(const std::vector<Settlement>& settlements) override;
    Result<std::string> remote_id(const std::string& connector, IncidentId incident) override;
    Result<std::optional<Instant>> next_due(const std::string& connector) override;

private:
    Result<std::vector<Delivery>> due(storage::Connection& connection, const std::string& connector,
                                      Instant now, std::size_t max);
    // Runs one change as a transaction of its own.
    template <class Change>
    Result<void> commit(Change change);

    storage::LazyConnection connection_;
};

template <class Change>
Result<void> SqlOutbox::commit(Change change) {
    auto open = connection_.get();
    if (!open) return open.error();
    auto transaction = storage::Transaction::begin(**open);
    if (!transaction) return transaction.error();
    if (Result<void> done = change(**open); !done) return done;
    return transaction->commit();
}

Result<std::vector<Delivery>> SqlOutbox::due(storage::Connection& connection,
                                             const std::string& connector, Instant now,
                                             std::size_t max) {
    Query query(connection, k_due);
    query.bind(connector, now, now, max);
    std::vector<Delivery> out;
    while (query.next()) {
        Delivery row;
        row.id = query.id<DeliveryId>();
        row.organisation = query.id<OrganisationId>();
        row.connector = connector;
        row.incident = query.id<IncidentId>();
        row.operation = query.word<Operation>();
        row.idempotency_key = query.text();
        row.payload = query.text();
        row.attempts = query.integer() + 1;
        row.created_at = query.time();
        row.last_error = query.text();
        row.state = DeliveryState::in_flight;
        out.push_back(std::move(row));
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<std::vector<Delivery>> SqlOutbox::lease(const std::string& connector, Instant now,
                                               Millis lease, std::size_t max) {
    std::vector<Delivery> leased;
    auto done = commit([&](storage::Connection& open) -> Result<void> {
        auto rows = due(open, connector, now, max);
        if (!rows) return rows.error();
        for (Delivery& row : *rows) {
            row.lease_until = now + lease;
            Query update(open,
                         "UPDATE outbox SET state = 1, attempts = $1, lease_until = $2 "
                         "WHERE id = $3");
            if (auto ok = update.bind(row.attempts, row.lease_until, row.id).run(); !ok) return ok;
        }
        leased = std::move(*rows);
        return {};
    });
    if (!done) return done.error();
    return leased;
}

Result<void> SqlOutbox::settle(const std::vector<Settlement>& settlements) {
    return commit([&](storage::Connection& open) -> Result<void> {
        for (const Settlement& settlement : settlements) {
            if (auto written = write(open, settlement); !written) return written;
        }
        return {};
    });
}

Result<std::string> SqlOutbox::remote_id(const std::string& connector, IncidentId incident) {
    auto open = connection_.get();
    if (!open) return open.error();
    Query query(**open,
                "SELECT remote_id FROM connector_links WHERE connector = $1 AND incident_id = $2");
    query.bind(connector, incident);
    std::string found;
    if (query.next()) found = query.text();
    if (auto done = query.done(); !done) return done.error();
    return found;
}

Result<std::optional<Instant>> SqlOutbox::next_due(const std::string& connector) {
    auto open = connection_.get();
    if (!open) return open.error();
    std::optional<Instant> due;
    for (const std::string& sql : {k_next_pending, k_next_expiry}) {
        Query query(**open, sql);
        query.bind(connector);
        if (query.next()) {
            const Instant at = query.time();
            due = due ? std::min(*due, at) : at;
        }
        if (auto done = query.done(); !done) return done.error();
    }
    return due;
}

}  // namespace

std::unique_ptr<Outbox> make_outbox(storage::Database& database) {
    return std::make_unique<SqlOutbox>(database);
}

}  // namespace gantry::itsm
