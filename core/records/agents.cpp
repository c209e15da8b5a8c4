#include "core/records/access.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

constexpr std::string_view k_columns =
    "agent_id, organisation_id, site_id, role, asset_id, credential_hash, revoked, epoch, "
    "acked_seq, boot_id, last_seen_at, name";

AgentCredential read_agent(Query& query) {
    AgentCredential agent;
    agent.agent_id = query.text();
    agent.organisation = query.id<OrganisationId>();
    agent.site = query.id<SiteId>();
    agent.role = query.text();
    agent.asset = query.id<AssetId>();
    agent.credential_hash = query.text();
    agent.revoked = query.flag();
    agent.epoch = query.integer();
    agent.acked_seq = query.integer();
    agent.boot_id = query.text();
    agent.last_seen_at = query.time();
    agent.name = query.text();
    return agent;
}

}  // namespace

Result<void> insert_agent(storage::Connection& connection, const AgentCredential& agent,
                          Instant now) {
    std::int64_t id = 1;
    {
        Query query(connection, "SELECT COALESCE(MAX(id), 0) + 1 FROM agents");
        if (query.next()) id = query.integer();
        if (auto done = query.done(); !done) return done;
    }
    Query insert(connection,
                 "INSERT INTO agents (id, agent_id, organisation_id, site_id, role, asset_id, "
                 "credential_hash, revoked, epoch, acked_seq, boot_id, last_seen_at, name, "
                 "created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)");
    insert.bind(id, agent.agent_id, agent.organisation, agent.site, agent.role, agent.asset,
                agent.credential_hash, agent.revoked, agent.epoch, agent.acked_seq, agent.boot_id,
                agent.last_seen_at, agent.name, now);
    return insert.run();
}

Result<AgentCredential> agent_by_id(storage::Connection& connection, const std::string& agent_id) {
    Query query(connection,
                "SELECT " + std::string(k_columns) + " FROM agents WHERE agent_id = $1");
    query.bind(agent_id);
    if (query.next()) return read_agent(query);
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no agent " + agent_id);
}

Result<std::vector<AgentCredential>> agents(storage::Connection& connection, const Scope& scope) {
    Query query(connection, "SELECT " + std::string(k_columns) + " FROM agents WHERE " +
                                scope_condition(scope) + " ORDER BY id");
    std::vector<AgentCredential> out;
    while (query.next()) out.push_back(read_agent(query));
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<void> bind_agent_asset(storage::Connection& connection, const std::string& agent_id,
                              AssetId asset) {
    Query update(connection, "UPDATE agents SET asset_id = $1 WHERE agent_id = $2");
    return update.bind(asset, agent_id).run();
}

Result<void> revoke_agent(storage::Connection& connection, const Scope& scope,
                          const std::string& agent_id) {
    const auto agent = agent_by_id(connection, agent_id);
    if (!agent) return agent.error();
    if (!scope.allows(agent->organisation)) {
        return fail(ErrorCode::not_found, "no agent " + agent_id);
    }
    Query update(connection, "UPDATE agents SET revoked = 1 WHERE agent_id = $1");
    return update.bind(agent_id).run();
}

Result<void> save_agent_progress(storage::Connection& connection,
                                 const std::vector<AgentCredential>& agents) {
    for (const AgentCredential& agent : agents) {
        Query update(connection,
                     "UPDATE agents SET epoch = $1, acked_seq = $2, boot_id = $3, "
                     "last_seen_at = $4 WHERE agent_id = $5");
        update.bind(agent.epoch, agent.acked_seq, agent.boot_id, agent.last_seen_at,
                    agent.agent_id);
        if (auto done = update.run(); !done) return done;
    }
    return {};
}

}  // namespace gantry::records
