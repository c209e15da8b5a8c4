// Tokens: enrolment tokens bring agents in, api tokens people and scripts. The text is told once,
// in the answer that made it; the records keep its digest.
#include <algorithm>

#include "console/api/access_json.hpp"
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/crypto/crypto.hpp"

namespace gantry::console {
namespace {

using records::Token;
using records::TokenKind;

// What the body asks for, names not yet looked up.
struct Wanted {
    Token token;
    std::string organisation;
    std::string site;
    std::int64_t expires_in_s = -1;  // not said
};

void read_enrolment(Body& body, Wanted& wanted, const std::string& role) {
    body.text("site", wanted.site, k_max_name_bytes);
    body.number("max_uses", wanted.token.max_uses, 0, k_max_uses);
    body.flag("needs_approval", wanted.token.needs_approval);
    wanted.token.endpoint_role = role;
    const bool plain = std::all_of(role.begin(), role.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain) body.fault("role", "must be of the letters a-z, digits, - and _");
    if (body.has("all_organisations")) {
        body.fault("all_organisations", "is for api tokens: an agent is of one organisation");
    }
}

void read_api(Body& body, Wanted& wanted, const std::string& role) {
    body.flag("all_organisations", wanted.token.all_organisations);
    body.require("role");
    if (!role.empty() && !parse(role, wanted.token.role)) {
        body.fault("role", "must be viewer, technician, admin or intake");
    }
    for (const char* key : {"site", "max_uses", "needs_approval"}) {
        if (body.has(key)) body.fault(key, "is for enrolment tokens");
    }
}

Result<Wanted> read_wanted(const http::Request& request) {
    auto body = Body::read(request);
    if (!body) return body.error();
    Wanted wanted;
    wanted.token.kind = TokenKind::enrolment;
    std::string role;
    std::string kind = "enrolment";
    body->text("kind", kind, k_max_word_bytes);
    body->text("organisation", wanted.organisation, k_max_name_bytes);
    body->text("label", wanted.token.label, k_max_name_bytes);
    body->text("role", role, k_max_word_bytes);
    body->number("expires_in_s", wanted.expires_in_s, 0, k_max_expiry_s);
    if (kind == "api") {
        wanted.token.kind = TokenKind::api;
        read_api(*body, wanted, role);
    } else if (kind == "enrolment") {
        read_enrolment(*body, wanted, role.empty() ? "server" : role);
    } else {
        body->fault("kind", "must be enrolment or api");
    }
    // The name under which the server itself acts in timelines.
    if (to_lower_ascii(wanted.token.label) == "gantry") body->fault("label", "is taken by gantryd");
    if (auto done = body->finish(); !done) return done.error();
    return wanted;
}

// Organisation and site by name, made when the caller may.
Result<void> place(storage::Connection& connection, const Principal& principal, Wanted& wanted,
                   Instant now) {
    Token& token = wanted.token;
    token.organisation = principal.home;
    if (!wanted.organisation.empty()) {
        auto found =
            principal.scope.is_all()
                ? records::ensure_organisation(connection, wanted.organisation, now)
                : records::organisation_named(connection, principal.scope, wanted.organisation);
        if (!found) return found.error();
        token.organisation = found->id;
    }
    if (token.kind != TokenKind::enrolment) return {};
    const std::string name = wanted.site.empty() ? "default" : wanted.site;
    if (!principal.scope.is_all()) {
        auto sites = records::sites(connection, Scope::of(token.organisation));
        if (!sites) return sites.error();
        const bool known = std::any_of(sites->begin(), sites->end(),
                                       [&](const records::Site& s) { return s.name == name; });
        if (!known) return fail(ErrorCode::not_found, "no site \"" + name + "\"");
    }
    auto site = records::ensure_site(connection, token.organisation, name, now);
    if (!site) return site.error();
    token.site = site->id;
    return {};
}

Instant expiry_of(const Wanted& wanted, Instant now) {
    std::int64_t seconds = wanted.expires_in_s;
    if (seconds < 0) {
        seconds = wanted.token.kind == TokenKind::enrolment ? k_default_enrolment_expiry_s : 0;
    }
    return seconds == 0 ? Instant{} : now + std::chrono::seconds{seconds};
}

}  // namespace

Answer list_tokens(Desk& desk, Call call) {
    Query query(call.request);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope, page](storage::Connection& connection) {
        return records::tokens(connection, scope, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Token& token) { return token_document(token, ""); });
}

Answer create_token(Desk& desk, Call call) {
    auto wanted = read_wanted(call.request);
    if (!wanted) co_return wanted.error();
    if (wanted->token.all_organisations && !call.principal.scope.is_all()) {
        co_return fail(ErrorCode::forbidden,
                       "a token for all organisations is made by who sees all of them");
    }
    const Instant now = desk.parts.clock.now();
    wanted->token.created_at = now;
    wanted->token.expires_at = expiry_of(*wanted, now);
    const bool api = wanted->token.kind == TokenKind::api;
    const auto secret =
        crypto::random_token(api ? "gantry_api_" : "gantry_enrol_", desk.parts.random);
    auto write = [wanted = std::move(*wanted), principal = call.principal,
                  digest = crypto::sha256_hex(secret.reveal()),
                  now](storage::Connection& connection) mutable -> Result<Token> {
        if (auto done = place(connection, principal, wanted, now); !done) return done.error();
        return records::insert_token(connection, wanted.token, digest);
    };
    const auto made = co_await desk.store.transact(std::move(write));
    if (!made) co_return made.error();
    desk.parts.log.info("token_created", {{"token", made->id.value},
                                          {"kind", api ? "api" : "enrolment"},
                                          {"by", call.principal.name}});
    http::Response response = json_answer(token_document(*made, secret.reveal()), 201);
    response.headers.emplace_back("Location", "/api/v1/tokens/" + std::to_string(made->id.value));
    co_return response;
}

Answer revoke_token(Desk& desk, Call call) {
    const auto id = id_in_path(call, "token");
    if (!id) co_return id.error();
    auto write = [scope = call.principal.scope, id = TokenId{*id},
                  now = desk.parts.clock.now()](storage::Connection& connection) {
        return records::revoke_token(connection, scope, id, now);
    };
    const auto done = co_await desk.store.transact(std::move(write));
    if (!done) co_return done.error();
    desk.parts.access_changed();
    desk.parts.log.info("token_revoked", {{"token", *id}, {"by", call.principal.name}});
    co_return no_content();
}

}  // namespace gantry::console
