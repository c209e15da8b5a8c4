// One user: reading, and changing role, reach, password and whether they may come in. A change ends
// the user's sessions: what they were opened with is no longer so.
#include "console/api/access_json.hpp"
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/crypto/crypto.hpp"

namespace gantry::console {
namespace {

struct UserPatch {
    std::optional<Role> role;
    std::optional<bool> all_organisations;
    std::optional<bool> disabled;
    std::optional<Redacted<std::string>> password;
};

Result<UserPatch> read_patch(const http::Request& request) {
    auto body = Body::read(request);
    if (!body) return body.error();
    UserPatch out;
    const auto flag = [&](const char* key, std::optional<bool>& into) {
        if (!body->has(key)) return;
        into = false;
        body->flag(key, *into);
    };
    flag("all_organisations", out.all_organisations);
    flag("disabled", out.disabled);
    if (body->has("role")) {
        body->require("role");
        out.role = Role::viewer;
        body->word("role", *out.role, k_user_role_words);
        if (*out.role == Role::intake) body->fault("role", "intake is for tokens, not for people");
    }
    if (body->has("password")) {
        std::string password;
        body->text("password", password, k_max_password_bytes);
        if (password.size() < k_min_password_bytes) {
            body->fault("password",
                        "must have at least " + std::to_string(k_min_password_bytes) + " bytes");
        }
        out.password = Redacted<std::string>(std::move(password));
    }
    if (auto done = body->finish(); !done) return done.error();
    return out;
}

// The new password's hash; empty when it stays.
boost::asio::awaitable<Result<std::string>> hash_of(Desk& desk, UserPatch patch) {
    if (!patch.password) co_return std::string();
    auto work = [password = *patch.password] { return crypto::hash_password(password); };
    co_return co_await desk.store.hash(std::move(work));
}

Result<records::User> write_user(storage::Connection& connection, const Principal& principal,
                                 records::User user, Instant now) {
    auto written = records::update_user(connection, principal.scope, user);
    if (!written) return written;
    if (auto ended = records::revoke_sessions(connection, user.id, now); !ended) {
        return ended.error();
    }
    return written;
}

boost::asio::awaitable<Result<records::User>> read_user(Desk& desk, Scope scope, UserId id) {
    auto read = [scope = std::move(scope), id](storage::Connection& connection) {
        return records::user_by_id(connection, scope, id);
    };
    co_return co_await desk.store.read(std::move(read));
}

}  // namespace

Answer show_user(Desk& desk, Call call) {
    const auto id = id_in_path(call, "user");
    if (!id) co_return id.error();
    const auto user = co_await read_user(desk, call.principal.scope, UserId{*id});
    if (!user) co_return user.error();
    if (not_modified(call.request, user->version)) {
        co_return versioned("", user->version, 304);
    }
    co_return versioned(user_document(*user), user->version);
}

Answer change_user(Desk& desk, Call call) {
    const auto id = id_in_path(call, "user");
    if (!id) co_return id.error();
    const auto condition = if_match(call.request);
    if (!condition) co_return condition.error();
    const std::string what = "user " + std::to_string(*id);
    if (!condition->present) co_return precondition_required(what);
    const auto patch = read_patch(call.request);
    if (!patch) co_return patch.error();
    auto user = co_await read_user(desk, call.principal.scope, UserId{*id});
    if (!user) co_return user.error();
    if (!condition->matches(user->version)) co_return precondition_failed(what, user->version);
    if (patch->all_organisations.value_or(false) && !call.principal.scope.is_all()) {
        co_return fail(ErrorCode::forbidden,
                       "a user of all organisations is made by who sees all of them");
    }
    auto hashed = co_await hash_of(desk, *patch);
    if (!hashed) co_return hashed.error();
    user->role = patch->role.value_or(user->role);
    user->all_organisations = patch->all_organisations.value_or(user->all_organisations);
    user->disabled = patch->disabled.value_or(user->disabled);
    if (!hashed->empty()) user->password_hash = std::move(*hashed);
    auto write = [user = *user, principal = call.principal,
                  now = desk.parts.clock.now()](storage::Connection& connection) {
        return write_user(connection, principal, user, now);
    };
    const auto written = co_await desk.store.transact(std::move(write));
    if (!written && written.error().code == ErrorCode::conflict) {
        const auto present = co_await read_user(desk, call.principal.scope, UserId{*id});
        if (present) co_return precondition_failed(what, present->version);
    }
    if (!written) co_return written.error();
    desk.parts.access_changed();
    desk.parts.log.info("user_changed", {{"user", *id},
                                         {"version", written->version},
                                         {"disabled", written->disabled},
                                         {"by", call.principal.name}});
    co_return versioned(user_document(*written), written->version);
}

}  // namespace gantry::console
