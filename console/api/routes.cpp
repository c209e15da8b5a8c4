#include "console/api/routes.hpp"

#include "console/api/handlers.hpp"

namespace gantry::console {
namespace {

using Strings = std::vector<std::string>;

constexpr bool k_body = true;
constexpr bool k_bare = false;

std::vector<Route> make_routes() {
    const Role viewer = Role::viewer;
    const Role technician = Role::technician;
    const Role admin = Role::admin;
    const Strings page{"limit", "cursor"};
    const Strings incidents{"open", "state", "priority", "asset", "limit", "cursor"};
    const Strings alerts{"state", "asset", "incident", "key", "limit", "cursor"};
    const Strings assets{"name", "limit", "cursor"};
    const Strings deliveries{"state", "connector", "incident", "limit", "cursor"};
    const Strings decisions{"alert", "incident", "limit", "cursor"};
    const Strings policy{"organisation"};
    const Strings agents{"asset", "limit", "cursor"};
    return {
        {"GET", "/incidents", viewer, incidents, k_bare, list_incidents},
        {"POST", "/incidents", technician, {}, k_body, create_incident},
        {"GET", "/incidents/{number}", viewer, {}, k_bare, show_incident},
        {"PATCH", "/incidents/{number}", technician, {}, k_body, change_incident},
        {"GET", "/incidents/{number}/timeline", viewer, page, k_bare, list_timeline},
        {"POST", "/incidents/{number}/notes", technician, {}, k_body, add_note},
        {"GET", "/alerts", viewer, alerts, k_bare, list_alerts},
        {"GET", "/alerts/{id}", viewer, {}, k_bare, show_alert},
        {"GET", "/assets", viewer, assets, k_bare, list_assets},
        {"GET", "/assets/{id}", viewer, {}, k_bare, show_asset},
        {"GET", "/deliveries", viewer, deliveries, k_bare, list_deliveries},
        {"GET", "/deliveries/{id}", viewer, {}, k_bare, show_delivery},
        {"POST", "/deliveries/{id}/retry", technician, {}, k_body, retry_delivery},
        {"POST", "/deliveries/{id}/discard", technician, {}, k_body, discard_delivery},
        {"GET", "/decisions", viewer, decisions, k_bare, list_decisions},
        {"GET", "/explain/{id}", viewer, {}, k_bare, explain},
        {"POST", "/sessions", std::nullopt, {}, k_body, create_session},
        {"GET", "/tokens", admin, page, k_bare, list_tokens},
        {"POST", "/tokens", admin, {}, k_body, create_token},
        {"DELETE", "/tokens/{id}", admin, {}, k_bare, revoke_token},
        {"GET", "/policies", viewer, page, k_bare, list_policies},
        {"GET", "/policies/{name}", viewer, policy, k_bare, show_policy},
        {"PUT", "/policies/{name}", admin, policy, k_body, put_policy},
        {"GET", "/organisations", viewer, page, k_bare, list_organisations},
        {"POST", "/organisations", admin, {}, k_body, create_organisation},
        {"GET", "/users", admin, page, k_bare, list_users},
        {"POST", "/users", admin, {}, k_body, create_user},
        {"GET", "/users/{id}", admin, {}, k_bare, show_user},
        {"PATCH", "/users/{id}", admin, {}, k_body, change_user},
        {"GET", "/agents", viewer, agents, k_bare, list_agents},
        {"DELETE", "/agents/{agent_id}", admin, {}, k_bare, revoke_agent},
        {"POST", "/agents/{agent_id}/approve", admin, {}, k_body, approve_agent},
        {"GET", "/status", viewer, {}, k_bare, show_status},
    };
}

std::string_view next_part(std::string_view& rest) {
    rest.remove_prefix(1);  // the slash
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    return part;
}

}  // namespace

const std::vector<Route>& routes() {
    static const std::vector<Route> table = make_routes();
    return table;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
    std::vector<std::string> values;
    while (pattern.starts_with('/') && path.starts_with('/')) {
        const std::string_view wanted = next_part(pattern);
        const std::string_view part = next_part(path);
        if (wanted.starts_with('{') && !part.empty()) {
            values.emplace_back(part);
        } else if (wanted != part) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return values;
}

bool permits(Role role, Role minimum) {
    if (role == Role::intake) return false;
    return static_cast<int>(role) >= static_cast<int>(minimum);
}

}  // namespace gantry::console
