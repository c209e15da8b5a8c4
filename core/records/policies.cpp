#include "core/records/policies.hpp"

#include "core/records/query.hpp"

namespace gantry::records {
namespace {

constexpr const char* k_select =
    "SELECT id, organisation_id, name, document, version, updated_at FROM policies WHERE ";

// Layers for all organisations (organisation_id 0) are what every endpoint runs: all may read them.
std::string seen_by(const Scope& scope) {
    return "(organisation_id = 0 OR " + scope_condition(scope) + ")";
}

PolicyRow read_policy(Query& query) {
    PolicyRow row;
    row.id = query.integer();
    row.organisation = query.id<OrganisationId>();
    row.name = query.text();
    row.document = query.text();
    row.version = query.integer();
    row.updated_at = query.time();
    return row;
}

Result<void> insert(storage::Connection& connection, PolicyRow& row) {
    {
        Query query(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM policies");
        if (query.next()) row.id = query.integer();
        if (auto done = query.done(); !done) return done;
    }
    Query query(connection,
                "INSERT INTO policies (id, organisation_id, name, document, version, updated_at) "
                "VALUES ($1,$2,$3,$4,$5,$6)");
    return query.bind(row.id, row.organisation, row.name, row.document, row.version, row.updated_at)
        .run();
}

Result<void> update(storage::Connection& connection, const PolicyRow& row) {
    Query query(connection,
                "UPDATE policies SET document = $1, version = $2, updated_at = $3 "
                "WHERE name = $4 AND organisation_id = $5");
    return query.bind(row.document, row.version, row.updated_at, row.name, row.organisation).run();
}

}  // namespace

Result<std::vector<PolicyRow>> policies(storage::Connection& connection, const Scope& scope) {
    Query query(connection, k_select + seen_by(scope) + " ORDER BY name, organisation_id");
    std::vector<PolicyRow> out;
    while (query.next()) out.push_back(read_policy(query));
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<PageOf<PolicyRow>> policies(storage::Connection& connection, const Scope& scope,
                                   const PageRequest& page) {
    Query query(connection, k_select + ("id > $1 AND " + seen_by(scope)) + " ORDER BY id LIMIT $2");
    query.bind(page.after, page.limit + 1);
    PageOf<PolicyRow> out;
    std::size_t bytes = 0;
    while (query.next()) {
        PolicyRow row = read_policy(query);
        bytes += row.document.size();
        if (!out.items.empty() && bytes > k_max_policy_page_bytes) {
            out.next = out.items.back().id;
            return out;
        }
        out.items.push_back(std::move(row));
    }
    if (auto done = query.done(); !done) return done.error();
    cut_page(out, page.limit, [](const PolicyRow& row) { return row.id; });
    return out;
}

Result<PolicyRow> policy(storage::Connection& connection, const Scope& scope,
                         const std::string& name, OrganisationId organisation) {
    Query query(connection,
                k_select + ("name = $1 AND organisation_id = $2 AND " + seen_by(scope)));
    query.bind(name, organisation);
    if (query.next()) return read_policy(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "there is no policy " + name + " of this owner");
}

// Layers are never deleted, and a write raises its layer's version by one.
Result<std::int64_t> policies_mark(storage::Connection& connection) {
    Query query(connection, "SELECT COALESCE(SUM(version), 0) FROM policies");
    std::int64_t mark = 0;
    if (query.next()) mark = query.integer();
    if (auto done = query.done(); !done) return done.error();
    return mark;
}

Result<PolicyRow> put_policy(storage::Connection& connection, const Scope& scope, PolicyRow row,
                             std::optional<std::int64_t> expected_version, Instant now) {
    if (row.organisation.is_set() && !scope.allows(row.organisation)) {
        return fail(ErrorCode::not_found,
                    "no organisation " + std::to_string(row.organisation.value));
    }
    if (!row.organisation.is_set() && !scope.is_all()) {  // readable, so its being there is known
        return fail(ErrorCode::forbidden, "policy \"" + row.name + "\" is not yours to change");
    }
    std::int64_t version = 0;
    {
        Query query(connection,
                    "SELECT id, version FROM policies WHERE name = $1 AND organisation_id = $2");
        query.bind(row.name, row.organisation);
        if (query.next()) {
            row.id = query.integer();
            version = query.integer();
        }
        if (auto done = query.done(); !done) return done.error();
    }
    if (expected_version && *expected_version != version) {
        return fail(ErrorCode::conflict, "policy \"" + row.name + "\" has version " +
                                             std::to_string(version) + ", not " +
                                             std::to_string(*expected_version));
    }
    row.version = version + 1;
    row.updated_at = now;
    auto done = version == 0 ? insert(connection, row) : update(connection, row);
    if (!done) return done.error();
    return row;
}

}  // namespace gantry::records
