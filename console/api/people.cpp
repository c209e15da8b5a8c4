// Organisations and users.
#include "console/api/access_json.hpp"
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/crypto/crypto.hpp"

namespace gantry::console {
namespace {

struct NewUser {
    records::User user;
    std::string organisation;
    Redacted<std::string> password;
};

Result<NewUser> read_user(const http::Request& request) {
    auto body = Body::read(request);
    if (!body) return body.error();
    NewUser out;
    std::string password;
    body->require("name");
    body->require("password");
    body->require("role");
    body->text("name", out.user.name, k_max_name_bytes);
    body->text("password", password, k_max_password_bytes);
    body->word("role", out.user.role, k_user_role_words);
    body->text("organisation", out.organisation, k_max_name_bytes);
    body->flag("all_organisations", out.user.all_organisations);
    if (out.user.role == Role::intake) body->fault("role", "intake is for tokens, not for people");
    if (!password.empty() && password.size() < k_min_password_bytes) {
        body->fault("password",
                    "must have at least " + std::to_string(k_min_password_bytes) + " bytes");
    }
    if (to_lower_ascii(out.user.name) == "gantry") body->fault("name", "is taken by gantryd");
    if (auto done = body->finish(); !done) return done.error();
    out.password = Redacted<std::string>(std::move(password));
    return out;
}

struct Directory {
    PageOf<records::Organisation> organisations;
    std::vector<records::Site> sites;
};

Scope these_only(const std::vector<records::Organisation>& organisations) {
    std::vector<OrganisationId> ids;
    ids.reserve(organisations.size());
    for (const auto& organisation : organisations) ids.push_back(organisation.id);
    return Scope::of(std::move(ids));
}

}  // namespace

Answer list_organisations(Desk& desk, Call call) {
    Query query(call.request);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope,
                 page](storage::Connection& connection) -> Result<Directory> {
        auto organisations = records::organisations(connection, scope, page);
        if (!organisations) return organisations.error();
        auto sites = records::sites(connection, these_only(organisations->items));
        if (!sites) return sites.error();
        return Directory{std::move(*organisations), std::move(*sites)};
    };
    const auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(found->organisations, [&](const records::Organisation& organisation) {
        return organisation_document(organisation, found->sites);
    });
}

Answer create_organisation(Desk& desk, Call call) {
    auto body = Body::read(call.request);
    if (!body) co_return body.error();
    std::string name;
    body->require("name");
    body->text("name", name, k_max_name_bytes);
    if (auto done = body->finish(); !done) co_return done.error();
    if (!call.principal.scope.is_all()) {
        co_return fail(ErrorCode::forbidden,
                       "organisations are made by an admin of all organisations");
    }
    auto write = [name = std::string(trim(name)), now = desk.parts.clock.now()](
                     storage::Connection& connection) -> Result<Directory> {
        auto known = records::organisation_named(connection, Scope::all(), name);
        if (known) {
            return fail(ErrorCode::conflict, "the organisation \"" + name +
                                                 "\" exists already, with id " +
                                                 std::to_string(known->id.value));
        }
        auto made = records::ensure_organisation(connection, name, now);
        if (!made) return made.error();
        auto site = records::ensure_site(connection, made->id, "default", now);
        if (!site) return site.error();
        return Directory{{{*made}, std::nullopt}, {*site}};
    };
    const auto made = co_await desk.store.transact(std::move(write));
    if (!made) co_return made.error();
    co_return json_answer(organisation_document(made->organisations.items.front(), made->sites),
                          201);
}

Answer list_users(Desk& desk, Call call) {
    Query query(call.request);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope, page](storage::Connection& connection) {
        return records::users(connection, scope, page);
    };
    const auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, user_document);
}

Answer create_user(Desk& desk, Call call) {
    auto wanted = read_user(call.request);
    if (!wanted) co_return wanted.error();
    if (wanted->user.all_organisations && !call.principal.scope.is_all()) {
        co_return fail(ErrorCode::forbidden,
                       "a user of all organisations is made by who sees all of them");
    }
    auto work = [password = wanted->password] { return crypto::hash_password(password); };
    auto hashed = co_await desk.store.hash(std::move(work));
    if (!hashed) co_return hashed.error();
    records::User user = wanted->user;
    user.password_hash = std::move(*hashed);
    user.organisation = call.principal.home;
    auto write = [user = std::move(user), organisation = wanted->organisation,
                  scope = call.principal.scope, now = desk.parts.clock.now()](
                     storage::Connection& connection) mutable -> Result<records::User> {
        if (!organisation.empty()) {
            auto found = records::organisation_named(connection, scope, organisation);
            if (!found) return found.error();
            user.organisation = found->id;
        }
        return records::insert_user(connection, user, now);
    };
    const auto made = co_await desk.store.transact(std::move(write));
    if (!made) co_return made.error();
    desk.parts.log.info("user_created", {{"user", made->id.value}, {"by", call.principal.name}});
    co_return json_answer(user_document(*made), 201);
}

}  // namespace gantry::console
