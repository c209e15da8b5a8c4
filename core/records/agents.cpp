#include <algorithm>
#include <unordered_map>

#include "core/records/access.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

constexpr std::string_view k_columns =
    "agent_id, organisation_id, site_id, role, asset_id, credential_hash, revoked, epoch, "
    "acked_seq, boot_id, previous_boot_id, previous_epoch, previous_acked_seq, boot_returns, "
    "full_state_due, last_seen_at, name, token_id, nonce, approved";

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
    agent.previous_epoch = query.integer();
    agent.previous_acked_seq = query.integer();
    agent.boot_returns = query.integer();
    agent.full_state_due = query.flag();
    agent.last_seen_at = query.time();
    agent.name = query.text();
    agent.token = query.id<TokenId>();
    agent.nonce = query.text();
    agent.approved = query.flag();
    return agent;
}

Result<AgentCredential> with_refused_boots(storage::Connection& connection, AgentCredential agent) {
    Query query(connection, "SELECT boot_id FROM refused_boots WHERE agent_id = $1 ORDER BY n");
    query.bind(agent.agent_id);
    while (query.next()) agent.refused_boots.push_back(query.text());
    if (auto done = query.done(); !done) return done.error();
    return agent;
}

}  // namespace

bool AgentCredential::refuses(const std::string& boot) const {
    return std::find(refused_boots.begin(), refused_boots.end(), boot) != refused_boots.end();
}

void follow_report(AgentCredential& agent, const AgentProgress& report) {
    if (agent.refuses(report.boot_id)) {
        agent.full_state_due = true;
        return;
    }
    if (report.boot_id != agent.boot_id) {
        const bool returned =
            !agent.previous_boot_id.empty() && report.boot_id == agent.previous_boot_id;
        agent.boot_returns = returned ? agent.boot_returns + 1 : 0;
        agent.full_state_due = agent.full_state_due || !agent.boot_id.empty();
        agent.previous_boot_id = std::move(agent.boot_id);
        agent.previous_epoch = agent.epoch;
        agent.previous_acked_seq = agent.acked_seq;
        agent.boot_id = report.boot_id;
    } else if (report.epoch != agent.epoch && agent.epoch == agent.previous_epoch) {
        // They shared that epoch: what this boot told of it, nobody tells again.
        agent.previous_acked_seq = std::max(agent.previous_acked_seq, agent.acked_seq);
    }
    agent.epoch = report.epoch;
    agent.acked_seq = report.acked_seq;
    agent.last_seen_at = report.last_seen_at;
    if (report.has_full_state) agent.full_state_due = false;
    if (agent.boot_returns >= k_returns_of_two_machines) {
        const std::string copy = agent.previous_boot_id;
        refuse_boot(agent, copy);
    }
}

void add_progress(std::vector<AgentProgress>& all, AgentProgress latest) {
    const auto same = std::find_if(all.rbegin(), all.rend(), [&](const auto& known) {
        return known.agent_id == latest.agent_id;
    });
    // The order of an agent's boots tells a reboot from a copy of the machine, and where an epoch
    // ended is what they shared.
    if (same == all.rend() || same->boot_id != latest.boot_id || same->epoch != latest.epoch) {
        all.push_back(std::move(latest));
    } else {
        latest.has_full_state = latest.has_full_state || same->has_full_state;
        *same = std::move(latest);
    }
}

void refuse_boot(AgentCredential& agent, const std::string& boot) {
    if (!agent.refuses(boot)) {
        if (agent.refused_boots.size() >= k_max_refused_boots) {
            agent.refused_boots.erase(agent.refused_boots.begin());
        }
        agent.refused_boots.push_back(boot);
    }
    const bool spoke_last = agent.boot_id == boot;
    if (!spoke_last && agent.previous_boot_id != boot) return;
    if (spoke_last) {
        agent.boot_id = agent.previous_boot_id;
        agent.epoch = agent.previous_epoch;
        agent.acked_seq = agent.previous_acked_seq;
        agent.full_state_due = true;
    }
    agent.previous_boot_id.clear();
    agent.previous_epoch = agent.previous_acked_seq = agent.boot_returns = 0;
}

Result<void> insert_agent(storage::Connection& connection, const AgentRow& row) {
    const AgentCredential& agent = row.agent;
    Query insert(connection,
                 "INSERT INTO agents (id, agent_id, organisation_id, site_id, role, asset_id, "
                 "credential_hash, revoked, epoch, acked_seq, boot_id, last_seen_at, name, "
                 "token_id, nonce, approved, created_at) VALUES "
                 "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)");
    insert.bind(row.id, agent.agent_id, agent.organisation, agent.site, agent.role, agent.asset,
                agent.credential_hash, agent.revoked, agent.epoch, agent.acked_seq, agent.boot_id,
                agent.last_seen_at, agent.name, agent.token, agent.nonce, agent.approved,
                row.created_at);
    return insert.run();
}

Result<AgentCredential> agent_by_id(storage::Connection& connection, const std::string& agent_id) {
    Query query(connection,
                "SELECT " + std::string(k_columns) + " FROM agents WHERE agent_id = $1");
    query.bind(agent_id);
    if (query.next()) return with_refused_boots(connection, read_agent(query));
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
        if (query.next()) return with_refused_boots(connection, read_agent(query));
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
    std::unordered_map<std::string, std::size_t> places;
    while (query.next()) {
        out.push_back(read_agent(query));
        places[out.back().agent_id] = out.size() - 1;
    }
    if (auto done = query.done(); !done) return done.error();
    Query refused(connection, "SELECT agent_id, boot_id FROM refused_boots ORDER BY agent_id, n");
    while (refused.next()) {
        const auto place = places.find(refused.text());
        if (place != places.end()) out[place->second].refused_boots.push_back(refused.text());
    }
    if (auto done = refused.done(); !done) return done.error();
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
    cut_page(out, page.limit, [](const AgentRow& row) { return row.id; });
    return out;
}

Result<ProvenBy> proven_by(storage::Connection& connection, AssetId asset,
                           const std::string& boot_id, Instant since) {
    Query query(connection,
                "SELECT boot_id, last_seen_at, created_at, CASE WHEN EXISTS (SELECT 1 FROM "
                "refused_boots AS r WHERE r.agent_id = agents.agent_id AND r.boot_id = $1) "
                "THEN 1 ELSE 0 END FROM agents WHERE asset_id = $2");
    query.bind(boot_id, asset);
    ProvenBy out = ProvenBy::nobody_who_runs;
    while (query.next()) {
        const std::string boot = query.text();
        const Instant heard = query.time();
        const Instant enrolled = query.time();
        const bool runs = heard > since || enrolled > since;
        if (query.flag()) {
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

Result<void> refuse_boot(storage::Connection& connection, const std::string& agent_id,
                         const std::string& boot_id) {
    auto agent = agent_by_id(connection, agent_id);
    if (!agent) return agent.error();
    refuse_boot(*agent, boot_id);
    Query update(connection,
                 "UPDATE agents SET epoch = $1, acked_seq = $2, boot_id = $3, "
                 "previous_boot_id = $4, previous_epoch = $5, previous_acked_seq = $6, "
                 "boot_returns = $7, full_state_due = $8 WHERE agent_id = $9");
    update.bind(agent->epoch, agent->acked_seq, agent->boot_id, agent->previous_boot_id,
                agent->previous_epoch, agent->previous_acked_seq, agent->boot_returns,
                agent->full_state_due, agent_id);
    if (auto done = update.run(); !done) return done;
    Query insert(connection,
                 "INSERT INTO refused_boots (agent_id, boot_id, n) SELECT $1, $2, "
                 "COALESCE(MAX(n), 0) + 1 FROM refused_boots WHERE agent_id = $1 "
                 "ON CONFLICT DO NOTHING");
    if (auto done = insert.bind(agent_id, boot_id).run(); !done) return done;
    Query trim(connection,
               "DELETE FROM refused_boots WHERE agent_id = $1 AND n <= "
               "(SELECT MAX(n) FROM refused_boots WHERE agent_id = $1) - $2");
    return trim.bind(agent_id, k_max_refused_boots).run();
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

namespace {

// follow_report() in SQL, whose right sides see the row as it was: one statement for each report.
Result<void> save_report(storage::Connection& connection, const AgentProgress& report) {
    bool moved = false;
    std::int64_t returns = 0;
    std::string copy;
    {
        Query update(connection,
                     "UPDATE agents SET epoch = $1, acked_seq = $2, last_seen_at = $3, "
                     "boot_returns = CASE WHEN boot_id = $4 THEN boot_returns "
                     "WHEN previous_boot_id = $4 AND previous_boot_id <> '' "
                     "THEN boot_returns + 1 ELSE 0 END, "
                     "full_state_due = CASE WHEN $5 = 1 THEN 0 WHEN boot_id <> $4 AND "
                     "boot_id <> '' THEN 1 ELSE full_state_due END, "
                     "previous_acked_seq = CASE WHEN boot_id <> $4 OR (epoch <> $1 AND "
                     "epoch = previous_epoch AND acked_seq > previous_acked_seq) "
                     "THEN acked_seq ELSE previous_acked_seq END, "
                     "previous_epoch = CASE WHEN boot_id = $4 THEN previous_epoch ELSE epoch END, "
                     "previous_boot_id = CASE WHEN boot_id = $4 THEN previous_boot_id "
                     "ELSE boot_id END, boot_id = $4 WHERE agent_id = $6 AND NOT EXISTS "
                     "(SELECT 1 FROM refused_boots AS r WHERE r.agent_id = agents.agent_id "
                     "AND r.boot_id = $4) RETURNING boot_returns, previous_boot_id");
        update.bind(report.epoch, report.acked_seq, report.last_seen_at, report.boot_id,
                    report.has_full_state, report.agent_id);
        while (update.next()) {
            moved = true;
            returns = update.integer();
            copy = update.text();
        }
        if (auto done = update.done(); !done) return done;
    }
    if (!moved) {
        Query refused(connection, "UPDATE agents SET full_state_due = 1 WHERE agent_id = $1");
        return refused.bind(report.agent_id).run();
    }
    if (returns < k_returns_of_two_machines) return {};
    return refuse_boot(connection, report.agent_id, copy);
}

}  // namespace

Result<void> save_agent_progress(storage::Connection& connection,
                                 const std::vector<AgentProgress>& reports) {
    for (const AgentProgress& report : reports) {
        if (auto done = save_report(connection, report); !done) return done;
    }
    return {};
}

}  // namespace gantry::records
