#include "core/records/access.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

constexpr std::string_view k_select =
    "SELECT t.id, t.kind, t.label, t.role, t.all_organisations, t.organisation_id, t.site_id, "
    "t.endpoint_role, t.needs_approval, t.max_uses, t.uses, t.created_at, t.expires_at, "
    "t.revoked_at, t.user_id, COALESCE(u.disabled, 0) "
    "FROM tokens t LEFT JOIN users u ON u.id = t.user_id WHERE ";

Token read_token(Query& query) {
    Token token;
    token.id = query.id<TokenId>();
    token.kind = query.word<TokenKind>();
    token.label = query.text();
    token.role = query.word<Role>();
    token.all_organisations = query.flag();
    token.organisation = query.id<OrganisationId>();
    token.site = query.id<SiteId>();
    token.endpoint_role = query.text();
    token.needs_approval = query.flag();
    token.max_uses = query.integer();
    token.uses = query.integer();
    token.created_at = query.time();
    token.expires_at = query.time();
    token.revoked_at = query.time();
    token.user = query.id<UserId>();
    token.user_disabled = query.flag();
    return token;
}

Result<Token> one_token(storage::Connection& connection, const std::string& condition,
                        const auto& value) {
    Query query(connection, std::string(k_select) + condition);
    query.bind(value);
    if (query.next()) return read_token(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no such token");
}

bool is_over(Instant moment, Instant now) { return moment != Instant{} && moment <= now; }

}  // namespace

Result<Token> insert_token(storage::Connection& connection, const Token& token,
                           const std::string& hash) {
    Token out = token;
    {
        Query query(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM tokens");
        if (query.next()) out.id = query.id<TokenId>();
        if (auto done = query.done(); !done) return done.error();
    }
    Query insert(connection,
                 "INSERT INTO tokens (id, kind, hash, label, role, all_organisations, "
                 "organisation_id, site_id, endpoint_role, needs_approval, max_uses, uses, "
                 "created_at, expires_at, revoked_at, user_id) "
                 "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)");
    insert.bind(out.id, out.kind, hash, out.label, out.role, out.all_organisations,
                out.organisation, out.site, out.endpoint_role, out.needs_approval, out.max_uses,
                out.uses, out.created_at, out.expires_at, out.revoked_at, out.user);
    if (auto done = insert.run(); !done) return done.error();
    return out;
}

Result<Token> token_by_hash(storage::Connection& connection, const std::string& hash) {
    return one_token(connection, "t.hash = $1", hash);
}

Result<PageOf<Token>> tokens(storage::Connection& connection, const Scope& scope,
                             const PageRequest& page) {
    // A token of all organisations is seen only by those who see all.
    const std::string mine = scope.is_all() ? "" : " AND t.all_organisations = 0";
    Query query(connection, std::string(k_select) + "t.id > $1 AND " +
                                scope_condition(scope, "t.organisation_id") + mine +
                                " ORDER BY t.id LIMIT $2");
    query.bind(page.after, page.limit + 1);
    PageOf<Token> out;
    while (query.next()) out.items.push_back(read_token(query));
    if (auto done = query.done(); !done) return done.error();
    cut_page(out, page.limit);
    return out;
}

Result<void> revoke_token(storage::Connection& connection, const Scope& scope, TokenId id,
                          Instant now) {
    const std::string mine = scope.is_all() ? "" : " AND all_organisations = 0";
    {
        Query query(connection,
                    "SELECT id FROM tokens WHERE id = $1 AND " + scope_condition(scope) + mine);
        query.bind(id);
        const bool found = query.next();
        if (auto done = query.done(); !done) return done.error();
        if (!found) {
            return fail(ErrorCode::not_found, "no token " + std::to_string(id.value));
        }
    }
    Query update(connection, "UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0");
    return update.bind(now, id).run();
}

Result<void> revoke_sessions(storage::Connection& connection, UserId user, Instant now) {
    Query update(connection,
                 "UPDATE tokens SET revoked_at = $1 WHERE user_id = $2 AND revoked_at = 0");
    return update.bind(now, user).run();
}

Result<void> trim_sessions(storage::Connection& connection, Instant before, std::int64_t max) {
    Query query(connection,
                "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE user_id <> 0 AND "
                "expires_at <> 0 AND expires_at < $1 AND id < (SELECT MAX(id) FROM tokens) "
                "ORDER BY id LIMIT $2)");
    return query.bind(before, max).run();
}

Result<void> check_enrolment_token(const Token& token, Instant now, bool repeats) {
    const std::string id = std::to_string(token.id.value);
    const std::string name = "enrolment token " + id;
    if (token.kind != TokenKind::enrolment) {
        return fail(ErrorCode::forbidden, "token " + id + " enrols nobody");
    }
    if (is_over(token.revoked_at, now)) {
        return fail(ErrorCode::forbidden, name + " was revoked at " + to_rfc3339(token.revoked_at));
    }
    if (is_over(token.expires_at, now)) {
        return fail(ErrorCode::forbidden, name + " expired at " + to_rfc3339(token.expires_at));
    }
    if (!repeats && token.max_uses > 0 && token.uses >= token.max_uses) {
        return fail(ErrorCode::forbidden, name + " was used " + std::to_string(token.uses) +
                                              " of " + std::to_string(token.max_uses) + " times");
    }
    return {};
}

Result<Token> use_enrolment_token(storage::Connection& connection, TokenId id, Instant now) {
    auto token = one_token(connection, "t.id = $1", id);
    if (!token) return token;
    if (auto done = check_enrolment_token(*token, now, false); !done) return done.error();
    Query update(connection, "UPDATE tokens SET uses = uses + 1 WHERE id = $1");
    if (auto done = update.bind(id).run(); !done) return done.error();
    ++token->uses;
    return token;
}

Result<Principal> principal_of(const Token& token, Instant now) {
    if (token.kind != TokenKind::api) {
        return fail(ErrorCode::unauthorised, "an enrolment token opens nothing but enrolment");
    }
    if (is_over(token.revoked_at, now)) {
        return fail(ErrorCode::unauthorised, "the token was revoked");
    }
    if (is_over(token.expires_at, now)) {
        return fail(ErrorCode::unauthorised,
                    "the token expired at " + to_rfc3339(token.expires_at));
    }
    if (token.user_disabled) return fail(ErrorCode::unauthorised, "the user was disabled");
    Principal principal;
    principal.name = token.label.empty() ? "token " + std::to_string(token.id.value) : token.label;
    principal.role = token.role;
    principal.scope = token.all_organisations ? Scope::all() : Scope::of(token.organisation);
    principal.home = token.organisation;
    return principal;
}

}  // namespace gantry::records
