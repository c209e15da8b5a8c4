// Organisations, sites and users.
#include "core/records/access.hpp"

#include <charconv>

#include "core/records/query.hpp"

namespace gantry::records {
namespace {

Result<std::int64_t> next_id(storage::Connection& connection, const std::string& table) {
    Query query(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM " + table);
    std::int64_t id = 1;
    if (query.next()) id = query.integer();
    if (auto done = query.done(); !done) return done.error();
    return id;
}

}  // namespace

Result<PageOf<Organisation>> organisations(storage::Connection& connection, const Scope& scope,
                                           const PageRequest& page) {
    Query query(connection, "SELECT id, name FROM organisations WHERE id > $1 AND " +
                                scope_condition(scope, "id") + " ORDER BY id LIMIT $2");
    query.bind(page.after, page.limit + 1);
    PageOf<Organisation> out;
    while (query.next()) {
        Organisation row;
        row.id = query.id<OrganisationId>();
        row.name = query.text();
        out.items.push_back(std::move(row));
    }
    if (auto done = query.done(); !done) return done.error();
    cut_page(out, page.limit);
    return out;
}

Result<Organisation> organisation_named(storage::Connection& connection, const Scope& scope,
                                        const std::string& name) {
    Query query(connection,
                "SELECT id FROM organisations WHERE name = $1 AND " + scope_condition(scope, "id"));
    query.bind(name);
    if (query.next()) return Organisation{query.id<OrganisationId>(), name};
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no organisation \"" + name + "\"");
}

Result<Organisation> organisation_called(storage::Connection& connection, const Scope& scope,
                                         const std::string& text) {
    auto named = organisation_named(connection, scope, text);
    if (named || named.error().code != ErrorCode::not_found) return named;
    OrganisationId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc{} || end != text.data() + text.size()) return named;
    Query query(connection,
                "SELECT name FROM organisations WHERE id = $1 AND " + scope_condition(scope, "id"));
    query.bind(id);
    if (query.next()) return Organisation{id, query.text()};
    if (auto done = query.done(); !done) return done.error();
    return named;
}

Result<Organisation> ensure_organisation(storage::Connection& connection, const std::string& name,
                                         Instant now) {
    auto known = organisation_named(connection, Scope::all(), name);
    if (known || known.error().code != ErrorCode::not_found) return known;
    const auto id = next_id(connection, "organisations");
    if (!id) return id.error();
    Query insert(connection, "INSERT INTO organisations (id, name, created_at) VALUES ($1,$2,$3)");
    if (auto done = insert.bind(*id, name, now).run(); !done) return done.error();
    return Organisation{OrganisationId{*id}, name};
}

Result<Site> ensure_site(storage::Connection& connection, OrganisationId organisation,
                         const std::string& name, Instant now) {
    {
        Query query(connection, "SELECT id FROM sites WHERE organisation_id = $1 AND name = $2");
        query.bind(organisation, name);
        if (query.next()) return Site{query.id<SiteId>(), organisation, name};
        if (auto done = query.done(); !done) return done.error();
    }
    const auto id = next_id(connection, "sites");
    if (!id) return id.error();
    Query insert(connection,
                 "INSERT INTO sites (id, organisation_id, name, created_at) VALUES ($1,$2,$3,$4)");
    if (auto done = insert.bind(*id, organisation, name, now).run(); !done) return done.error();
    return Site{SiteId{*id}, organisation, name};
}

Result<std::vector<Site>> sites(storage::Connection& connection, const Scope& scope) {
    Query query(connection, "SELECT id, organisation_id, name FROM sites WHERE " +
                                scope_condition(scope) + " ORDER BY id");
    std::vector<Site> out;
    while (query.next()) {
        Site row;
        row.id = query.id<SiteId>();
        row.organisation = query.id<OrganisationId>();
        row.name = query.text();
        out.push_back(std::move(row));
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

namespace {

constexpr std::string_view k_user_columns =
    "id, name, role, all_organisations, organisation_id, password_hash, disabled, version";

User read_user(Query& query) {
    User user;
    user.id = query.id<UserId>();
    user.name = query.text();
    user.role = query.word<Role>();
    user.all_organisations = query.flag();
    user.organisation = query.id<OrganisationId>();
    user.password_hash = query.text();
    user.disabled = query.flag();
    user.version = query.integer();
    return user;
}

}  // namespace

Result<User> insert_user(storage::Connection& connection, const User& user, Instant now) {
    const auto id = next_id(connection, "users");
    if (!id) return id.error();
    Query insert(connection,
                 "INSERT INTO users (id, name, role, all_organisations, organisation_id, "
                 "password_hash, disabled, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)");
    insert.bind(*id, user.name, user.role, user.all_organisations, user.organisation,
                user.password_hash, user.disabled, now);
    if (auto done = insert.run(); !done) {
        if (done.error().code != ErrorCode::conflict) return done.error();
        return fail(ErrorCode::conflict, "a user \"" + user.name + "\" exists already");
    }
    User out = user;
    out.id = UserId{*id};
    out.version = 1;
    return out;
}

Result<User> user_by_id(storage::Connection& connection, const Scope& scope, UserId id) {
    // Who works for all organisations is seen by those who see all.
    const std::string mine = scope.is_all() ? "" : " AND all_organisations = 0";
    Query query(connection, "SELECT " + std::string(k_user_columns) +
                                " FROM users WHERE id = $1 AND " + scope_condition(scope) + mine);
    query.bind(id);
    if (query.next()) return read_user(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no user " + std::to_string(id.value));
}

Result<User> update_user(storage::Connection& connection, const Scope& scope, const User& user) {
    auto known = user_by_id(connection, scope, user.id);
    if (!known) return known;
    if (known->version != user.version) {
        return fail(ErrorCode::conflict, "user " + std::to_string(user.id.value) + " has version " +
                                             std::to_string(known->version) + ", not " +
                                             std::to_string(user.version));
    }
    User out = *known;
    out.role = user.role;
    out.all_organisations = user.all_organisations;
    out.password_hash = user.password_hash;
    out.disabled = user.disabled;
    ++out.version;
    Query update(connection,
                 "UPDATE users SET role = $1, all_organisations = $2, password_hash = $3, "
                 "disabled = $4, version = $5 WHERE id = $6");
    update.bind(out.role, out.all_organisations, out.password_hash, out.disabled, out.version,
                out.id);
    if (auto done = update.run(); !done) return done.error();
    return out;
}

Result<User> user_named(storage::Connection& connection, OrganisationId organisation,
                        const std::string& name) {
    Query query(connection, "SELECT " + std::string(k_user_columns) +
                                " FROM users WHERE organisation_id = $1 AND name = $2");
    query.bind(organisation, name);
    if (query.next()) return read_user(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no user \"" + name + "\"");
}

Result<PageOf<User>> users(storage::Connection& connection, const Scope& scope,
                           const PageRequest& page) {
    const std::string mine = scope.is_all() ? "" : " AND all_organisations = 0";
    Query query(connection, "SELECT " + std::string(k_user_columns) +
                                " FROM users WHERE id > $1 AND " + scope_condition(scope) + mine +
                                " ORDER BY id LIMIT $2");
    query.bind(page.after, page.limit + 1);
    PageOf<User> out;
    while (query.next()) out.items.push_back(read_user(query));
    if (auto done = query.done(); !done) return done.error();
    cut_page(out, page.limit);
    return out;
}

}  // namespace gantry::records
