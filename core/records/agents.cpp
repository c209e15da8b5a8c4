#include "core/records/access.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

constexpr std::string_view k_columns =
    "agent_id, organisation_id, site_id, role, asset_id, credential_hash, revoked, epoch, "
    "acked_seq, boot_id, previous_boot_id, refused_boot_id, boot_returns, last_seen_at, name, "
    "token_id, nonce, approved";

// How often two boots take turns before one of them is refused.
constexpr std::int64_t k_returns_of_two_machines = 3;

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
    agent.previous_boot_id = query.text();
    agent.refused_boot_id = query.text();
    agent.boot_returns = query.integer();
    agent.last_seen_at = query.time();
    agent.name = query.text();
    agent.token = query.id<TokenId>();
    agent.nonce = query.text();
    agent.approved = query.flag();
    return agent;
}

}  // namespace

void follow_boot(AgentCredential& agent, const std::string& boot_id) {
    if (boot_id == agent.boot_id) return;
    const bool returned = !agent.previous_boot_id.empty() && boot_id == agent.previous_boot_id;
    agent.boot_returns = returned ? agent.boot_returns + 1 : 0;
    if (agent.boot_returns >= k_returns_of_two_machines) agent.refused_boot_id = agent.boot_id;
    agent.previous_boot_id = std::move(agent.boot_id);
    agent.boot_id = boot_id;
}

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
                 "token_id, nonce, approved, created_at) VALUES "
                 "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)");
    insert.bind(id, agent.agent_id, agent.organisation, agent.site, agent.role, agent.asset,
                agent.credential_hash, agent.revoked, agent.epoch, agent.acked_seq, agent.boot_id,
                agent.last_seen_at, agent.name, agent.token, agent.nonce, agent.approved, now);
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

Result<AgentCredential> agent_by_enrolment(storage::Connection& connection, TokenId token,
                                           const std::string& nonce) {
    if (!nonce.empty()) {
        Query query(connection, "SELECT " + std::string(k_columns) +
                                    " FROM agents WHERE nonce = $1 AND nonce <> '' "
                                    "AND token_id = $2 ORDER BY id");
        query.bind(nonce, token);
        if (query.next()) return read_agent(query);
        if (auto done = query.done(); !done) return done.error();
    }
    return fail(ErrorCode::not_found, "no agent of this enrolment");
}

Result<void> renew_credential(storage::Connection& connection, const std::string& agent_id,
                              const std::string& credential_hash) {
    Query update(connection, "UPDATE agents SET credential_hash = $1 WHERE agent_id = $2");
    return update.bind(credential_hash, agent_id).run();
}

Result<std::vector<AgentCredential>> agents(storage::Connection& connection, const Scope& scope) {
    Query query(connection, "SELECT " + std::string(k_columns) + " FROM agents WHERE " +
                                scope_condition(scope) + " ORDER BY id");
    std::vector<AgentCredential> out;
    while (query.next()) out.push_back(read_agent(query));
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<PageOf<AgentRow>> agent_rows(storage::Connection& connection, const Scope& scope,
                                    AssetId asset, const PageRequest& page) {
    Query query(connection,
                "SELECT " + std::string(k_columns) +
                    ", id, created_at FROM agents WHERE id > $1 AND " + scope_condition(scope) +
                    (asset.is_set() ? " AND asset_id = $3" : "") + " ORDER BY id LIMIT $2");
    query.bind(page.after, page.limit + 1);
    if (asset.is_set()) query.bind(asset);
    PageOf<AgentRow> out;
    while (query.next()) {
        AgentRow row;
        row.agent = read_agent(query);
        row.id = query.integer();
        row.created_at = query.time();
        out.items.push_back(std::move(row));
    }
    if (auto done = query.done(); !done) return done.error();
    if (out.items.size() > static_cast<std::size_t>(page.limit)) {
        out.items.pop_back();
        out.next = out.items.back().id;
    }
    return out;
}

Result<void> bind_agent_asset(storage::Connection& connection, const std::string& agent_id,
                              AssetId asset) {
    Query update(connection, "UPDATE agents SET asset_id = $1 WHERE agent_id = $2");
    return update.bind(asset, agent_id).run();
}

Result<ProvenBy> proven_by(storage::Connection& connection, AssetId asset,
                           const std::string& boot_id, Instant since) {
    Query query(connection,
                "SELECT boot_id, refused_boot_id, last_seen_at, created_at FROM agents "
                "WHERE asset_id = $1");
    query.bind(asset);
    ProvenBy out = ProvenBy::nobody_who_runs;
    while (query.next()) {
        const std::string boot = query.text();
        const std::string refused = query.text();
        const Instant heard = query.time();
        const bool runs = heard > since || query.time() > since;
        if (!refused.empty() && refused == boot_id) {
            out = ProvenBy::another_boot;
            break;
        }
        if (boot == boot_id) {
            out = ProvenBy::this_boot;
        } else if (!boot.empty() && runs && out != ProvenBy::this_boot) {
            out = ProvenBy::another_boot;
        }
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<void> refuse_boot(storage::Connection& connection, const std::string& agent_id) {
    Query update(connection, "UPDATE agents SET refused_boot_id = boot_id WHERE agent_id = $1");
    return update.bind(agent_id).run();
}

namespace {

Result<void> mark_agent(storage::Connection& connection, const Scope& scope,
                        const std::string& agent_id, const char* change) {
    const auto agent = agent_by_id(connection, agent_id);
    if (!agent) return agent.error();
    if (!scope.allows(agent->organisation)) {
        return fail(ErrorCode::not_found, "no agent " + agent_id);
    }
    Query update(connection, std::string("UPDATE agents SET ") + change + " WHERE agent_id = $1");
    return update.bind(agent_id).run();
}

}  // namespace

Result<void> approve_agent(storage::Connection& connection, const Scope& scope,
                           const std::string& agent_id) {
    return mark_agent(connection, scope, agent_id, "approved = 1");
}

Result<void> revoke_agent(storage::Connection& connection, const Scope& scope,
                          const std::string& agent_id) {
    return mark_agent(connection, scope, agent_id, "revoked = 1");
}

Result<void> save_agent_progress(storage::Connection& connection,
                                 const std::vector<AgentCredential>& agents) {
    for (const AgentCredential& agent : agents) {
        // follow_boot() in SQL, whose right sides see the row as it was.
        Query update(connection,
                     "UPDATE agents SET epoch = $1, acked_seq = $2, last_seen_at = $3, "
                     "refused_boot_id = CASE WHEN boot_id <> $4 AND previous_boot_id = $4 "
                     "AND previous_boot_id <> '' AND boot_returns + 1 >= $5 "
                     "THEN boot_id ELSE refused_boot_id END, "
                     "boot_returns = CASE WHEN boot_id = $4 THEN boot_returns "
                     "WHEN previous_boot_id = $4 AND previous_boot_id <> '' "
                     "THEN boot_returns + 1 ELSE 0 END, "
                     "previous_boot_id = CASE WHEN boot_id = $4 THEN previous_boot_id "
                     "ELSE boot_id END, boot_id = $4 WHERE agent_id = $6");
        update.bind(agent.epoch, agent.acked_seq, agent.last_seen_at, agent.boot_id,
                    k_returns_of_two_machines, agent.agent_id);
        if (auto done = update.run(); !done) return done;
    }
    return {};
}

}  // namespace gantry::records
