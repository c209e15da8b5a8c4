#include "app/cli/administration.hpp"

#include "core/settings/reader.hpp"

namespace gantry::cli {
namespace {

std::string policy_path(const std::string& name) { return "/policies/" + encode_part(name); }

}  // namespace

int create_token(Session& session, const Json& wanted) {
    const auto reply = session.remote.send("POST", "/tokens", wanted);
    return session.show(reply, [&](const Reply& made) {
        const std::string expires = time_of(made.json, "expires_at");
        // The token alone on standard output, so that $(gantry tokens create …) is the token.
        session.note(text_of(made.json, "kind") + " token " + text_of(made.json, "id") + ", role " +
                     text_of(made.json, "role") +
                     (expires.empty() ? ", never expires" : ", expires " + expires + " UTC") +
                     "; it is shown this once");
        return text_of(made.json, "token") + "\n";
    });
}

int list_tokens(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/tokens", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "KIND", "ROLE", "LABEL", "USES", "EXPIRES", "REVOKED"}, 3);
        for (const Json& token : member(reply.json, "items")) {
            std::string uses = text_of(token, "uses");
            if (const auto max = text_of(token, "max_uses"); !max.empty() && max != "0") {
                uses += "/" + max;
            }
            table.add({text_of(token, "id"),
                       text_of(token, "kind"),
                       text_of(token, "role"),
                       text_of(token, "label"),
                       uses,
                       time_of(token, "expires_at"),
                       {time_of(token, "revoked_at"), Tone::warn}});
        }
        return session.finish_list(table, reply, "no tokens");
    });
}

int revoke_token(Session& session, const std::string& id) {
    const auto reply = session.remote.send("DELETE", "/tokens/" + encode_part(id), nullptr);
    return session.show(reply, [&](const Reply&) { return "token " + id + " is revoked\n"; });
}

int list_policies(Session& session) {
    const auto all = session.remote.list("/policies", {}, 500, true);
    return session.show(all, [&](const Reply& reply) {
        Table table({"NAME", "ORGANISATION", "VERSION", "UPDATED", "CHECKS"}, 0);
        for (const Json& policy : member(reply.json, "items")) {
            const Json& checks = member(member(policy, "document"), "checks");
            const std::string organisation = text_of(policy, "organisation_id");
            table.add({text_of(policy, "name"), organisation.empty() ? "all" : organisation,
                       text_of(policy, "version"), time_of(policy, "updated_at"),
                       std::to_string(checks.size())});
        }
        return session.finish_list(table, reply,
                                   "no policies were written: agents run the one that is built in");
    });
}

int show_policy(Session& session, const std::string& name, const std::string& organisation) {
    const auto reply = session.remote.get(policy_path(name), {{"organisation", organisation}});
    return session.show(
        reply, [](const Reply& found) { return member(found.json, "document").dump(2) + "\n"; });
}

int put_policy(Session& session, const std::string& file, const std::string& name,
               const std::string& organisation) {
    // JSON is YAML, so one reader takes both; the server knows what the keys mean.
    const auto document = settings::Document::load(file, session.environment);
    if (!document) return session.fail(document.error());
    const Json body = Json::parse(document->to_json(), nullptr, false);
    if (!body.is_object()) {
        return session.fail(gantry::fail(ErrorCode::invalid_input, file + " is no policy"));
    }
    const std::string layer = name.empty() ? text_of(body, "name") : name;
    if (layer.empty()) {
        return session.fail(gantry::fail(ErrorCode::invalid_input,
                                         file + " has no name; say which layer it is with --name"));
    }
    Json named = body;
    named["name"] = layer;
    const Parameters whose{{"organisation", organisation}};
    auto reply = session.remote.modify("PUT", policy_path(layer), named, whose);
    if (!reply && reply.error().code == ErrorCode::not_found) {
        reply = session.remote.send("PUT", policy_path(layer), named, "", whose);
    }
    return session.show(reply, [&](const Reply& written) {
        return "policy " + layer + " has version " + text_of(written.json, "version") + " now\n";
    });
}

}  // namespace gantry::cli
