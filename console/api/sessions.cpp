// Sessions: a person's organisation, name and password for a short-lived token with the person's
// role and scope.
#include "console/api/access_json.hpp"
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/crypto/crypto.hpp"

namespace gantry::console {
namespace {

struct Credentials {
    std::string organisation = "default";
    std::string name;
    Redacted<std::string> password;
    std::int64_t expires_in_s = k_default_session_s;
};

Result<Credentials> read_credentials(const http::Request& request) {
    auto body = Body::read(request);
    if (!body) return body.error();
    Credentials out;
    std::string password;
    body->require("name");
    body->require("password");
    body->text("organisation", out.organisation, k_max_name_bytes);
    body->text("name", out.name, k_max_name_bytes);
    body->text("password", password, k_max_password_bytes);
    body->number("expires_in_s", out.expires_in_s, 60, k_max_session_s);
    if (auto done = body->finish(); !done) return done.error();
    out.password = Redacted<std::string>(std::move(password));
    return out;
}

// One answer, and one time, for an unknown organisation or name, a disabled user and a wrong
// password: who exists is nobody's business. The hash that stands in for a missing one fits no
// password.
constexpr const char* k_no_hash =
    "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

constexpr std::chrono::hours k_expired_sessions_kept{24};
constexpr std::int64_t k_max_trimmed = 100;

Result<bool> fits(const Result<records::User>& user, const Redacted<std::string>& password) {
    const bool usable = user && !user->disabled;
    const bool good = crypto::verify_password(usable ? user->password_hash : k_no_hash, password);
    return good && usable;
}

// What the password was checked against may have changed meanwhile: hashing takes its time.
Result<records::Token> open_session(storage::Connection& connection, const records::Token& token,
                                    std::int64_t version, const std::string& digest) {
    const auto user = records::user_by_id(connection, Scope::all(), token.user);
    if (!user || user->version != version) {
        return fail(ErrorCode::unauthorised, "name or password is wrong");
    }
    const Instant long_over = token.created_at - k_expired_sessions_kept;
    if (auto done = records::trim_sessions(connection, long_over, k_max_trimmed); !done) {
        return done.error();
    }
    return records::insert_token(connection, token, digest);
}

}  // namespace

Answer create_session(Desk& desk, Call call) {
    if (!desk.guard.may_try(call.request.peer, "")) co_return throttled();
    const auto wanted = read_credentials(call.request);
    if (!wanted) co_return wanted.error();
    auto look = [organisation = wanted->organisation,
                 name = wanted->name](storage::Connection& connection) -> Result<records::User> {
        const auto home = records::organisation_named(connection, Scope::all(), organisation);
        if (!home) return home.error();
        return records::user_named(connection, home->id, name);
    };
    const auto user = co_await desk.store.read(std::move(look));
    if (!user && user.error().code != ErrorCode::not_found) co_return user.error();
    auto verify = [user, password = wanted->password] { return fits(user, password); };
    const auto good = co_await desk.store.hash(std::move(verify));
    if (!good) co_return good.error();
    if (!*good) {
        desk.guard.failed(call.request.peer);
        co_return fail(ErrorCode::unauthorised, "name or password is wrong");
    }
    const Instant now = desk.parts.clock.now();
    records::Token token;
    token.label = user->name;
    token.role = user->role;
    token.all_organisations = user->all_organisations;
    token.organisation = user->organisation;
    token.created_at = now;
    token.expires_at = now + std::chrono::seconds{wanted->expires_in_s};
    token.user = user->id;
    const auto secret = crypto::random_token("gantry_session_", desk.parts.random);
    auto write = [token, version = user->version,
                  digest = crypto::sha256_hex(secret.reveal())](storage::Connection& connection) {
        return open_session(connection, token, version, digest);
    };
    const auto made = co_await desk.store.transact(std::move(write));
    if (!made) co_return made.error();
    desk.parts.log.info("session_opened", {{"user", user->name}, {"token", made->id.value}});
    co_return json_answer(token_document(*made, secret.reveal()), 201);
}

}  // namespace gantry::console
