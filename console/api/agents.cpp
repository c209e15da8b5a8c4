// Agents: the credentials that endpoints report with, and their end.
#include "console/api/access_json.hpp"
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"

namespace gantry::console {

Answer list_agents(Desk& desk, Call call) {
    Query query(call.request);
    const auto asset = query.id<AssetId>("asset");
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope, asset, page](storage::Connection& connection) {
        return records::agent_rows(connection, scope, asset, page);
    };
    const auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, agent_document);
}

Answer revoke_agent(Desk& desk, Call call) {
    const std::string agent_id = truncate_utf8(sanitise(call.path.at(0)), k_max_name_bytes);
    auto write = [scope = call.principal.scope, agent_id](storage::Connection& connection) {
        return records::revoke_agent(connection, scope, agent_id);
    };
    const auto done = co_await desk.store.transact(std::move(write));
    if (!done) co_return done.error();
    if (desk.parts.agent_revoked) desk.parts.agent_revoked(agent_id);
    desk.parts.log.info("agent_revoked", {{"agent_id", agent_id}, {"by", call.principal.name}});
    co_return no_content();
}

Answer approve_agent(Desk& desk, Call call) {
    const std::string agent_id = truncate_utf8(sanitise(call.path.at(0)), k_max_name_bytes);
    auto write = [scope = call.principal.scope, agent_id](storage::Connection& connection) {
        return records::approve_agent(connection, scope, agent_id);
    };
    const auto done = co_await desk.store.transact(std::move(write));
    if (!done) co_return done.error();
    if (desk.parts.agent_approved) desk.parts.agent_approved(agent_id);
    desk.parts.log.info("agent_approved", {{"agent_id", agent_id}, {"by", call.principal.name}});
    co_return no_content();
}

}  // namespace gantry::console
