#include "itsm/tickets/service_desk.hpp"

#include <variant>

#include "core/base/text.hpp"
#include "core/model/json.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/incident_rows.hpp"

namespace gantry::itsm {
namespace {

using records::Query;

// Conditions and their parameters, collected in the order of first appearance.
class Where {
public:
    explicit Where(const Scope& scope, std::string_view column = "organisation_id")
        : sql_(records::scope_condition(scope, column)) {}

    void also(const std::string& condition) { sql_ += " AND " + condition; }
    void number(const char* condition, std::int64_t value) {
        values_.emplace_back(value);
        sql_ += std::string(" AND ") + condition + " $" + std::to_string(values_.size());
    }
    void text(const char* condition, std::string value, const char* after = "") {
        values_.emplace_back(std::move(value));
        sql_ += std::string(" AND ") + condition + " $" + std::to_string(values_.size()) + after;
    }
    [[nodiscard]] std::string limited(const char* order, int limit) {
        values_.emplace_back(std::int64_t{limit} + 1);
        return sql_ + " ORDER BY " + order + " LIMIT $" + std::to_string(values_.size());
    }
    void bind(Query& query) const {
        for (const auto& value : values_) {
            std::visit([&](const auto& v) { query.bind(v); }, value);
        }
    }

private:
    std::string sql_;
    std::vector<std::variant<std::int64_t, std::string>> values_;
};

template <class Row, class Read>
Result<PageOf<Row>> read_page(storage::Connection& connection, const std::string& select,
                              Where& where, const char* order, int limit, Read read) {
    const std::string sql = select + " WHERE " + where.limited(order, limit);
    Query query(connection, sql);
    where.bind(query);
    PageOf<Row> page;
    while (query.next()) page.items.push_back(read(query));
    if (auto done = query.done(); !done) return done.error();
    records::cut_page(page, limit);
    return page;
}

TimelineEntry read_timeline(Query& query) {
    TimelineEntry entry;
    entry.id = query.id<TimelineId>();
    entry.incident = query.id<IncidentId>();
    entry.organisation = query.id<OrganisationId>();
    entry.at = query.time();
    entry.kind = query.word<TimelineKind>();
    entry.actor = query.text();
    entry.visibility = query.word<Visibility>();
    entry.body = query.text();
    entry.journal_seq = query.id<JournalSeq>();
    return entry;
}

Asset read_asset(Query& query) {
    Asset asset;
    asset.id = query.id<AssetId>();
    asset.organisation = query.id<OrganisationId>();
    asset.site = query.id<SiteId>();
    asset.asset_class = query.word<AssetClass>();
    asset.name = query.text();
    asset.facts = decode_facts(query.text()).value_or(Facts{});
    asset.lifecycle = query.word<Lifecycle>();
    asset.identified_by = query.text();
    asset.created_at = query.time();
    asset.last_seen_at = query.time();
    asset.version = query.integer();
    return asset;
}

constexpr const char* k_delivery_columns =
    "id, organisation_id, connector, incident_id, operation, idempotency_key, payload, state, "
    "attempts, created_at, next_attempt_at, lease_until, delivered_at, last_error, remote_id";

Delivery read_delivery(Query& query) {
    Delivery row;
    row.id = query.id<DeliveryId>();
    row.organisation = query.id<OrganisationId>();
    row.connector = query.text();
    row.incident = query.id<IncidentId>();
    row.operation = query.word<Operation>();
    row.idempotency_key = query.text();
    row.payload = query.text();
    row.state = query.word<DeliveryState>();
    row.attempts = query.integer();
    row.created_at = query.time();
    row.next_attempt_at = query.time();
    row.lease_until = query.time();
    row.delivered_at = query.time();
    row.last_error = query.text();
    row.remote_id = query.text();
    return row;
}

// Text for LIKE: its wildcards taken literally, any text around it.
std::string like_pattern(std::string_view text) {
    std::string out = "%";
    for (const char c : to_lower_ascii(text)) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out + "%";
}

class SqlServiceDesk final : public ServiceDesk {
public:
    Result<PageOf<Incident>> incidents(storage::Connection& connection, const Scope& scope,
                                       const IncidentFilter& filter,
                                       const PageRequest& page) override {
        Where where(scope);
        if (page.after > 0) where.number("id <", page.after);
        if (filter.open) where.also(*filter.open ? "state < 3" : "state >= 3");
        if (filter.state) where.number("state =", static_cast<std::int64_t>(*filter.state));
        if (filter.priority) where.number("priority =", *filter.priority);
        if (filter.asset.is_set()) where.number("asset_id <> 0 AND asset_id =", filter.asset.value);
        return read_page<Incident>(connection,
                                   "SELECT " + std::string(k_incident_columns) + " FROM incidents",
                                   where, "id DESC", page.limit, read_incident);
    }

    Result<Incident> incident(storage::Connection& connection, const Scope& scope,
                              IncidentId id) override {
        return find_incident(connection, scope, id);
    }

    Result<PageOf<TimelineEntry>> timeline(storage::Connection& connection, const Scope& scope,
                                           IncidentId id, const PageRequest& page) override {
        if (auto found = find_incident(connection, scope, id); !found) return found.error();
        Where where(scope);
        where.number("incident_id =", id.value);
        if (page.after > 0) where.number("id >", page.after);
        return read_page<TimelineEntry>(
            connection,
            "SELECT id, incident_id, organisation_id, at, kind, actor, visibility, body, "
            "journal_seq FROM incident_timeline",
            where, "id", page.limit, read_timeline);
    }

    Result<PageOf<Asset>> assets(storage::Connection& connection, const Scope& scope,
                                 const AssetFilter& filter, const PageRequest& page) override {
        Where where(scope);
        if (page.after > 0) where.number("id <", page.after);
        if (!filter.name_contains.empty()) {
            // Both sides in the engine's own lower case, or the engines would disagree on umlauts.
            where.text("LOWER(name) LIKE LOWER(", like_pattern(filter.name_contains),
                       ") ESCAPE '\\'");
        }
        return read_page<Asset>(connection,
                                "SELECT " + std::string(k_asset_columns) + " FROM assets", where,
                                "id DESC", page.limit, read_asset);
    }

    Result<Asset> asset(storage::Connection& connection, const Scope& scope, AssetId id) override {
        return find_asset(connection, scope, id);
    }

    Result<PageOf<Delivery>> deliveries(storage::Connection& connection, const Scope& scope,
                                        const DeliveryFilter& filter,
                                        const PageRequest& page) override {
        Where where(scope);
        if (page.after > 0) where.number("id <", page.after);
        if (filter.state) where.number("state =", static_cast<std::int64_t>(*filter.state));
        if (!filter.connector.empty()) where.text("connector =", filter.connector);
        if (filter.incident.is_set()) where.number("incident_id =", filter.incident.value);
        return read_page<Delivery>(connection,
                                   "SELECT " + std::string(k_delivery_columns) + " FROM outbox",
                                   where, "id DESC", page.limit, read_delivery);
    }

    Result<void> retry_delivery(storage::Connection& connection, const Scope& scope, DeliveryId id,
                                Instant now) override {
        const auto operation = dead_delivery(connection, scope, id);
        if (!operation) return operation.error();
        if (*operation != Operation::note) {
            const auto later = later_news(connection, id);
            if (!later) return later.error();
            if (later->is_set()) {
                return fail(ErrorCode::conflict,
                            "delivery " + std::to_string(id.value) + " is old news: delivery " +
                                std::to_string(later->value) +
                                " told later ones of its incident, or tried to; discard it");
            }
        }
        Query update(connection,
                     "UPDATE outbox SET state = 0, attempts = 0, created_at = $1, "
                     "next_attempt_at = $2 WHERE id = $3 AND state = 3");
        return update.bind(now, now, id).run();
    }

    Result<void> discard_delivery(storage::Connection& connection, const Scope& scope,
                                  DeliveryId id, Instant now) override {
        if (auto dead = dead_delivery(connection, scope, id); !dead) return dead.error();
        {
            Query link(
                connection,
                "INSERT INTO connector_links (connector, incident_id, remote_id, updated_at) "
                "SELECT connector, incident_id, '', $1 FROM outbox WHERE id = $2 "
                "ON CONFLICT (connector, incident_id) DO NOTHING");
            if (auto done = link.bind(now, id).run(); !done) return done;
        }
        Query update(
            connection,
            "UPDATE outbox SET state = 4, next_attempt_at = $1 WHERE id = $2 AND state = 3");
        return update.bind(now, id).run();
    }

private:
    // What it was to tell. not_found, or conflict when it is not dead.
    static Result<Operation> dead_delivery(storage::Connection& connection, const Scope& scope,
                                           DeliveryId id) {
        Query query(connection, "SELECT state, operation FROM outbox WHERE id = $1 AND " +
                                    records::scope_condition(scope));
        query.bind(id);
        const bool found = query.next();
        const auto state = found ? query.word<DeliveryState>() : DeliveryState::pending;
        const auto operation = found ? query.word<Operation>() : Operation::open;
        if (auto done = query.done(); !done) return done.error();
        if (!found) return fail(ErrorCode::not_found, "no delivery " + std::to_string(id.value));
        if (state != DeliveryState::dead) {
            return fail(ErrorCode::conflict, "delivery " + std::to_string(id.value) + " is " +
                                                 to_string(state) + ", not dead");
        }
        return operation;
    }

    // A row behind this one that the tool has, or may have from an attempt; unset = none.
    static Result<DeliveryId> later_news(storage::Connection& connection, DeliveryId id) {
        Query query(
            connection,
            "SELECT l.id FROM outbox l, outbox o WHERE o.id = $1 AND "
            "l.connector = o.connector AND l.incident_id = o.incident_id AND l.id > o.id "
            "AND (l.state IN (1, 2) OR l.attempts > 0 OR l.last_error <> '') AND l.operation <> $2 "
            "ORDER BY l.id LIMIT 1");
        query.bind(id, Operation::note);
        DeliveryId later;
        if (query.next()) later = query.id<DeliveryId>();
        if (auto done = query.done(); !done) return done.error();
        return later;
    }
};

}  // namespace

std::unique_ptr<ServiceDesk> make_service_desk() { return std::make_unique<SqlServiceDesk>(); }

}  // namespace gantry::itsm
