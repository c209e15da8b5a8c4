// Writing: the hot path, in the fold's transaction.
#include "core/records/alerts.hpp"

#include <span>
#include <string>

#include "core/records/decisions.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

const std::string k_cursor = "fold";

// Rows that one statement takes: running it costs as much as a row does, and for PostgreSQL a way
// there and back.
constexpr std::size_t k_rows = 16;
constexpr int k_columns = 18;

std::string upsert_of(std::size_t rows) {
    std::string out =
        "INSERT INTO alerts (id, organisation_id, source, key, state, severity, summary, labels, "
        "asset_id, episode_id, episode_count, started_at, last_seen_at, resolved_at, "
        "expires_after_ms, incident_id, opened_seq, changed_seq) VALUES ";
    int parameter = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        for (int column = 0; column < k_columns; ++column) {
            out += (column == 0 ? (row == 0 ? "($" : ",($") : ",$") + std::to_string(++parameter);
        }
        out += ")";
    }
    return out +
           " ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, "
           "summary = excluded.summary, labels = excluded.labels, asset_id = excluded.asset_id, "
           "episode_id = excluded.episode_id, episode_count = excluded.episode_count, "
           "started_at = excluded.started_at, last_seen_at = excluded.last_seen_at, "
           "resolved_at = excluded.resolved_at, expires_after_ms = excluded.expires_after_ms, "
           "incident_id = excluded.incident_id, opened_seq = excluded.opened_seq, "
           "changed_seq = excluded.changed_seq";
}

Result<void> save_rows(storage::Connection& connection, std::string_view upsert,
                       std::span<const Alert> rows) {
    Query query(connection, upsert);
    for (const Alert& alert : rows) {
        const AlertText& text = alert.text;
        query.bind(alert.id, alert.organisation, text.source(), text.key(), alert.state,
                   alert.severity, text.summary(), Bytes{text.packed_labels()}, alert.asset,
                   alert.episode, alert.episode_count, alert.started_at, alert.last_seen_at,
                   alert.resolved_at, alert.expires_after.count(), alert.incident, alert.opened_seq,
                   alert.changed_seq);
    }
    return query.run();
}

Result<void> save_alerts(storage::Connection& connection, std::span<const Alert> alerts) {
    static const std::string k_upsert_many = upsert_of(k_rows);
    static const std::string k_upsert_one = upsert_of(1);
    for (; alerts.size() >= k_rows; alerts = alerts.subspan(k_rows)) {
        auto done = save_rows(connection, k_upsert_many, alerts.first(k_rows));
        if (!done) return done;
    }
    for (; !alerts.empty(); alerts = alerts.subspan(1)) {
        if (auto done = save_rows(connection, k_upsert_one, alerts.first(1)); !done) return done;
    }
    return {};
}

Result<void> forget(storage::Connection& connection, AlertId id) {
    {
        Query query(connection, "DELETE FROM alert_seen WHERE id = $1");
        if (auto done = query.bind(id).run(); !done) return done;
    }
    Query query(connection, "DELETE FROM alerts WHERE id = $1");
    return query.bind(id).run();
}

}  // namespace

Result<void> save_changes(storage::Connection& connection, const Changes& changes) {
    if (auto done = save_alerts(connection, changes.alerts); !done) return done;
    for (const AlertId id : changes.forgotten) {
        if (auto done = forget(connection, id); !done) return done;
    }
    if (auto done = save_decisions(connection, changes.decisions); !done) return done;
    return set_progress(connection, k_cursor, changes.cursor.value);
}

Result<void> save_last_seen(storage::Connection& connection,
                            const std::vector<std::pair<AlertId, Instant>>& seen) {
    for (const auto& [id, at] : seen) {
        Query query(connection,
                    "INSERT INTO alert_seen (id, last_seen_at) VALUES ($1,$2) "
                    "ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at");
        if (auto done = query.bind(id, at).run(); !done) return done;
    }
    return {};
}

Result<void> save_sequences(storage::Connection& connection, const Sequences& next) {
    Query query(connection,
                "INSERT INTO sequences (one, next_asset, next_alert, next_episode, next_incident, "
                "next_timeline, next_decision, next_agent, next_delivery) "
                "VALUES (1,$1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (one) DO UPDATE SET "
                "next_asset = excluded.next_asset, next_alert = excluded.next_alert, "
                "next_episode = excluded.next_episode, next_incident = excluded.next_incident, "
                "next_timeline = excluded.next_timeline, next_decision = excluded.next_decision, "
                "next_agent = excluded.next_agent, next_delivery = excluded.next_delivery");
    query.bind(next.next_asset, next.next_alert, next.next_episode, next.next_incident,
               next.next_timeline, next.next_decision, next.next_agent, next.next_delivery);
    return query.run();
}

Result<JournalSeq> cursor(storage::Connection& connection) {
    const auto seq = progress(connection, k_cursor);
    if (!seq) return seq.error();
    return JournalSeq{*seq};
}

Result<std::int64_t> progress(storage::Connection& connection, const std::string& name) {
    Query query(connection, "SELECT seq FROM progress WHERE name = $1");
    query.bind(name);
    std::int64_t value = 0;
    if (query.next()) value = query.integer();
    if (auto done = query.done(); !done) return done.error();
    return value;
}

Result<void> set_progress(storage::Connection& connection, const std::string& name,
                          std::int64_t value) {
    Query query(connection,
                "INSERT INTO progress (name, seq) VALUES ($1,$2) "
                "ON CONFLICT (name) DO UPDATE SET seq = excluded.seq");
    return query.bind(name, value).run();
}

}  // namespace gantry::records
