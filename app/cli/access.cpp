#include "app/cli/access.hpp"

#include <fstream>

namespace gantry::cli {
namespace {

constexpr std::size_t k_max_password_bytes = 1024;

std::string user_path(const std::string& id) { return "/users/" + encode_part(id); }

// From a file, not from the command line: that shows in the process list.
Result<std::string> read_password(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line) || line.empty()) {
        return fail(ErrorCode::invalid_input, file + " has no password on its first line");
    }
    if (line.size() > k_max_password_bytes) {
        return fail(ErrorCode::invalid_input,
                    file + " has no password: its first line is longer than " +
                        std::to_string(k_max_password_bytes) + " bytes");
    }
    return line;
}

}  // namespace

int list_agents(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/agents", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "NAME", "ASSET", "ORGANISATION", "ROLE", "SEEN", "STATE"}, 1);
        for (const Json& agent : member(reply.json, "items")) {
            const bool revoked = member(agent, "revoked") == true;
            const bool waits = member(agent, "approved") == false;
            table.add({text_of(agent, "id"),
                       text_of(agent, "name"),
                       text_of(agent, "asset_id"),
                       text_of(agent, "organisation_id"),
                       text_of(agent, "role"),
                       age_of(agent, "last_seen_at", session.clock.now()),
                       {revoked ? "revoked"
                        : waits ? "waiting"
                                : "",
                        Tone::warn}});
        }
        return session.finish_list(table, reply, "no agents");
    });
}

int revoke_agent(Session& session, const std::string& id) {
    const auto reply = session.remote.send("DELETE", "/agents/" + encode_part(id), nullptr);
    return session.show(reply, [&](const Reply&) { return "agent " + id + " is revoked\n"; });
}

int approve_agent(Session& session, const std::string& id) {
    const auto reply =
        session.remote.send("POST", "/agents/" + encode_part(id) + "/approve", nullptr);
    return session.show(reply, [&](const Reply&) { return "agent " + id + " is approved\n"; });
}

int list_users(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/users", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "NAME", "ROLE", "ORGANISATION", "STATE"}, 1);
        for (const Json& user : member(reply.json, "items")) {
            const bool all = member(user, "all_organisations") == true;
            const bool disabled = member(user, "disabled") == true;
            table.add({text_of(user, "id"),
                       text_of(user, "name"),
                       text_of(user, "role"),
                       all ? "all" : text_of(user, "organisation_id"),
                       {disabled ? "disabled" : "", Tone::warn}});
        }
        return session.finish_list(table, reply, "no users");
    });
}

int create_user(Session& session, const Json& wanted, const std::string& password_file) {
    const auto password = read_password(password_file);
    if (!password) return session.fail(password.error());
    Json body = wanted;
    body["password"] = *password;
    const auto reply = session.remote.send("POST", "/users", body);
    return session.show(reply, [](const Reply& made) {
        return "user " + text_of(made.json, "id") + " (" + text_of(made.json, "name") + ", " +
               text_of(made.json, "role") + ") is made\n";
    });
}

int change_user(Session& session, const std::string& id, const Json& patch,
                const std::string& done) {
    const auto reply = session.remote.modify("PATCH", user_path(id), patch);
    return session.show(reply, [&](const Reply& changed) {
        return "user " + text_of(changed.json, "id") + " (" + text_of(changed.json, "name") + ") " +
               done + "; their sessions ended\n";
    });
}

int set_password(Session& session, const std::string& id, const std::string& password_file) {
    const auto password = read_password(password_file);
    if (!password) return session.fail(password.error());
    return change_user(session, id, Json{{"password", *password}}, "has the new password");
}

}  // namespace gantry::cli
