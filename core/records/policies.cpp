#include "core/records/policies.hpp"

#include "core/records/query.hpp"

namespace gantry::records {
namespace {

PolicyRow read_policy(Query& query) {
    PolicyRow row;
    row.organisation = query.id<OrganisationId>();
    row.name = query.text();
    row.document = query.text();
    row.version = query.integer();
    row.updated_at = query.time();
    return row;
}

Result<void> insert(storage::Connection& connection, const PolicyRow& row) {
    Query query(connection,
                "INSERT INTO policies (organisation_id, name, document, version, updated_at) "
                "VALUES ($1,$2,$3,$4,$5)");
    return query.bind(row.organisation, row.name, row.document, row.version, row.updated_at).run();
}

Result<void> update(storage::Connection& connection, const PolicyRow& row) {
    Query query(connection,
                "UPDATE policies SET document = $1, version = $2, updated_at = $3 "
                "WHERE name = $4 AND organisation_id = $5");
    return query.bind(row.document, row.version, row.updated_at, row.name, row.organisation).run();
}

}  // namespace

// Layers for all organisations (organisation_id 0) are what every endpoint runs: all may read them.
Result<std::vector<PolicyRow>> policies(storage::Connection& connection, const Scope& scope) {
    Query query(connection,
                "SELECT organisation_id, name, document, version, updated_at FROM policies WHERE "
                "organisation_id = 0 OR " +
                    scope_condition(scope) + " ORDER BY name, organisation_id");
    std::vector<PolicyRow> out;
    while (query.next()) out.push_back(read_policy(query));
    if (auto done = query.done(); !done) return done.error();
    return out;
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
                    "SELECT version FROM policies WHERE name = $1 AND organisation_id = $2");
        query.bind(row.name, row.organisation);
        if (query.next()) version = query.integer();
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
