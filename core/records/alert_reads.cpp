// Reading: the API's lists, and the state at start.
#include <algorithm>
#include <span>

#include "core/records/alerts.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

// last_seen_at is the later of what the fold wrote and what resends noted.
constexpr std::string_view k_alert_columns =
    "a.id, a.organisation_id, a.source, a.key, a.state, a.severity, a.summary, a.labels, "
    "a.asset_id, a.episode_id, a.episode_count, a.started_at, "
    "CASE WHEN s.last_seen_at > a.last_seen_at THEN s.last_seen_at ELSE a.last_seen_at END, "
    "a.resolved_at, a.expires_after_ms, a.incident_id, a.opened_seq, a.changed_seq "
    "FROM alerts a LEFT JOIN alert_seen s ON s.id = a.id";

Alert read_alert(Query& query) {
    Alert alert;
    alert.id = query.id<AlertId>();
    alert.organisation = query.id<OrganisationId>();
    const std::string source = query.text();
    const std::string key = query.text();
    alert.state = query.word<AlertState>();
    alert.severity = query.word<Severity>();
    const std::string summary = query.text();
    const auto labels = LabelSet::from_packed(query.bytes());
    alert.text = AlertText(source, key, summary, labels.value_or(LabelSet()));
    alert.asset = query.id<AssetId>();
    alert.episode = query.id<EpisodeId>();
    alert.episode_count = query.integer();
    alert.started_at = query.time();
    alert.last_seen_at = query.time();
    alert.resolved_at = query.time();
    alert.expires_after = Millis{query.integer()};
    alert.incident = query.id<IncidentId>();
    alert.opened_seq = query.id<JournalSeq>();
    alert.changed_seq = query.id<JournalSeq>();
    return alert;
}

}  // namespace

Result<Sequences> load_sequences(storage::Connection& connection) {
    Query query(connection,
                "SELECT next_asset, next_alert, next_episode, next_incident, next_timeline, "
                "next_decision, next_agent, next_delivery FROM sequences");
    Sequences out;
    if (query.next()) {
        for (std::int64_t* const next :
             {&out.next_asset, &out.next_alert, &out.next_episode, &out.next_incident,
              &out.next_timeline, &out.next_decision, &out.next_agent, &out.next_delivery}) {
            *next = query.integer();
        }
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<void> each_alert(storage::Connection& connection,
                        const std::function<void(Alert&&)>& visit) {
    Query query(connection, "SELECT " + std::string(k_alert_columns) + " ORDER BY a.id");
    while (query.next()) visit(read_alert(query));
    return query.done();
}

namespace {

using Chunk = std::span<const AlertId>;
constexpr std::size_t k_chunk = 200;  // ids in one statement

// Appends what matches, at most `wanted` in all; `chunk`: of these ids only.
Result<void> read_alerts(storage::Connection& connection, const Scope& scope,
                         const AlertFilter& filter, std::int64_t after, std::size_t wanted,
                         std::optional<Chunk> chunk, std::vector<Alert>& out) {
    std::string sql = "SELECT " + std::string(k_alert_columns) + " WHERE " +
                      scope_condition(scope, "a.organisation_id");
    // Parameters in the order of their first appearance.
    int parameter = 0;
    const auto add = [&](bool given, const char* condition) {
        if (given) sql += std::string(" AND ") + condition + "$" + std::to_string(++parameter);
    };
    add(after > 0, "a.id < ");
    add(filter.state.has_value(), "a.state = ");
    add(filter.asset.is_set(), "a.asset_id = ");
    add(filter.incident.is_set(), "a.incident_id <> 0 AND a.incident_id = ");
    add(!filter.key.empty(), "a.key = ");
    add(!filter.source.empty(), "a.source = ");
    if (chunk) {
        for (std::size_t i = 0; i < k_chunk; ++i) {
            sql += (i == 0 ? " AND a.id IN ($" : ",$") + std::to_string(++parameter);
        }
        sql += ")";
    }
    sql += " ORDER BY a.id DESC LIMIT $" + std::to_string(++parameter);
    Query query(connection, sql);
    if (after > 0) query.bind(after);
    if (filter.state) query.bind(*filter.state);
    if (filter.asset.is_set()) query.bind(filter.asset);
    if (filter.incident.is_set()) query.bind(filter.incident);
    if (!filter.key.empty()) query.bind(filter.key);
    if (!filter.source.empty()) query.bind(filter.source);
    for (std::size_t i = 0; chunk && i < k_chunk; ++i) {
        query.bind(i < chunk->size() ? (*chunk)[i] : AlertId{});
    }
    query.bind(wanted - out.size());
    while (query.next()) out.push_back(read_alert(query));
    return query.done();
}

}  // namespace

Result<PageOf<Alert>> alerts(storage::Connection& connection, const Scope& scope,
                             const AlertFilter& filter, const PageRequest& page) {
    const auto wanted = static_cast<std::size_t>(page.limit) + 1;
    PageOf<Alert> out;
    if (!filter.among) {
        auto done = read_alerts(connection, scope, filter, page.after, wanted, {}, out.items);
        if (!done) return done.error();
    } else {
        Chunk left = *filter.among;
        const auto is_before = [&](AlertId id) { return page.after > 0 && id.value >= page.after; };
        left = left.subspan(static_cast<std::size_t>(
            std::find_if_not(left.begin(), left.end(), is_before) - left.begin()));
        while (!left.empty() && out.items.size() < wanted) {
            const Chunk chunk = left.first(std::min(k_chunk, left.size()));
            left = left.subspan(chunk.size());
            auto done =
                read_alerts(connection, scope, filter, page.after, wanted, chunk, out.items);
            if (!done) return done.error();
        }
    }
    cut_page(out, page.limit);
    return out;
}

Result<Alert> alert(storage::Connection& connection, const Scope& scope, AlertId id) {
    Query query(connection, "SELECT " + std::string(k_alert_columns) + " WHERE a.id = $1 AND " +
                                scope_condition(scope, "a.organisation_id"));
    query.bind(id);
    if (query.next()) return read_alert(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no alert " + std::to_string(id.value));
}

}  // namespace gantry::records
