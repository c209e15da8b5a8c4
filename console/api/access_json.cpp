#include "console/api/access_json.hpp"

#include <nlohmann/json.hpp>

namespace gantry::console {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json time(Instant at) { return at == Instant{} ? Json(nullptr) : Json(to_rfc3339(at)); }

}  // namespace

std::string token_document(const records::Token& token, const std::string& secret) {
    const bool api = token.kind == records::TokenKind::api;
    Json out = Json::object();
    if (!secret.empty()) out["token"] = secret;
    out["id"] = token.id.value;
    out["kind"] = api ? "api" : "enrolment";
    out["label"] = token.label;
    out["role"] = api ? Json(to_string(token.role)) : Json(token.endpoint_role);
    out["organisation_id"] = token.organisation.value;
    if (api) {
        out["all_organisations"] = token.all_organisations;
    } else {
        out["site_id"] = token.site.value;
        out["needs_approval"] = token.needs_approval;
        out["max_uses"] = token.max_uses;
        out["uses"] = token.uses;
    }
    out["created_at"] = time(token.created_at);
    out["expires_at"] = time(token.expires_at);
    out["revoked_at"] = time(token.revoked_at);
    if (token.user.is_set()) out["user_id"] = token.user.value;
    return dump(out);
}

std::string user_document(const records::User& user) {
    return dump(Json{{"id", user.id.value},
                     {"name", user.name},
                     {"role", to_string(user.role)},
                     {"organisation_id", user.organisation.value},
                     {"all_organisations", user.all_organisations},
                     {"disabled", user.disabled},
                     {"version", user.version}});
}

std::string agent_document(const records::AgentRow& row) {
    const records::AgentCredential& agent = row.agent;
    return dump(Json{{"id", agent.agent_id},
                     {"name", agent.name},
                     {"asset_id", agent.asset.is_set() ? Json(agent.asset.value) : Json(nullptr)},
                     {"organisation_id", agent.organisation.value},
                     {"site_id", agent.site.value},
                     {"role", agent.role},
                     {"approved", agent.approved},
                     {"revoked", agent.revoked},
                     {"enrolled_at", time(row.created_at)},
                     {"last_seen_at", time(agent.last_seen_at)}});
}

std::string organisation_document(const records::Organisation& organisation,
                                  const std::vector<records::Site>& sites) {
    Json its = Json::array();
    for (const records::Site& site : sites) {
        if (site.organisation != organisation.id) continue;
        its.push_back(Json{{"id", site.id.value}, {"name", site.name}});
    }
    return dump(Json{
        {"id", organisation.id.value}, {"name", organisation.name}, {"sites", std::move(its)}});
}

}  // namespace gantry::console
