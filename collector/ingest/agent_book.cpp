#include "collector/ingest/agent_book.hpp"

#include <algorithm>

namespace gantry::collector {
namespace {

// A virtual machine that was rolled back to a snapshot repeats sequence numbers with new content:
// it booted anew, is behind what we acknowledged, and its records are younger than our last ack.
bool rolled_back(const AgentEntry& entry, const Report& report) {
    return report.epoch == entry.agent.epoch && !entry.agent.boot_id.empty() &&
           report.boot_id != entry.agent.boot_id && report.last_seq < entry.agent.acked_seq &&
           !report.records.empty() && report.records.back().at > entry.agent.last_seen_at;
}

}  // namespace

AgentEntry* Endpoint::voice() const {
    AgentEntry* out = nullptr;
    for (AgentEntry* entry : agents) {
        if (entry->agent.revoked) continue;
        if (!out || entry->heard_at >= out->heard_at) out = entry;  // of equals the newest
    }
    return out;
}

Endpoint& AgentBook::endpoint_of(const records::AgentCredential& agent) {
    if (agent.asset.is_set()) {
        if (const auto known = by_asset_.find(agent.asset); known != by_asset_.end()) {
            return *known->second;
        }
    }
    Endpoint& fresh = endpoints_.emplace_back();
    fresh.organisation = agent.organisation;
    fresh.asset = agent.asset;
    if (agent.asset.is_set()) by_asset_[agent.asset] = &fresh;
    return fresh;
}

AgentEntry& AgentBook::put(records::AgentCredential agent, const Clock& clock) {
    AgentEntry& entry = entries_[agent.agent_id];
    by_credential_.erase(entry.agent.credential_hash);
    by_credential_[agent.credential_hash] = &entry;
    const bool reported = agent.last_seen_at != Instant{};
    Endpoint& endpoint = endpoint_of(agent);
    if (entry.endpoint != &endpoint) {
        if (entry.endpoint) std::erase(entry.endpoint->agents, &entry);
        entry.endpoint = &endpoint;
        endpoint.agents.push_back(&entry);
    }
    entry.heard_at = clock.steady_now();
    endpoint.reported = endpoint.reported || reported;
    if (endpoint.agents.size() == 1 || reported) {
        endpoint.heard_at = std::max(endpoint.heard_at, entry.heard_at);
        endpoint.last_report_at =
            std::max(endpoint.last_report_at, reported ? agent.last_seen_at : clock.now());
    }
    entry.agent = std::move(agent);
    return entry;
}

void AgentBook::heard(AgentEntry& entry, const Clock& clock) {
    entry.heard_at = clock.steady_now();
    Endpoint& endpoint = *entry.endpoint;
    endpoint.heard_at = entry.heard_at;
    endpoint.last_report_at = clock.now();
    endpoint.reported = true;
}

void AgentBook::revoke(std::string_view agent_id) {
    if (AgentEntry* entry = find(agent_id)) entry->agent.revoked = true;
}

PresenceCounts AgentBook::presence(const Scope& scope) const {
    PresenceCounts out;
    for (const Endpoint& endpoint : endpoints_) {
        if (!endpoint.reported || !scope.allows(endpoint.organisation) || !endpoint.voice())
            continue;
        ++(endpoint.offline ? out.offline : out.online);
    }
    return out;
}

AgentEntry* AgentBook::find(std::string_view agent_id) {
    const auto at = entries_.find(std::string(agent_id));
    return at == entries_.end() ? nullptr : &at->second;
}

AgentEntry* AgentBook::find_by_credential(const std::string& credential_hash) {
    const auto at = by_credential_.find(credential_hash);
    return at == by_credential_.end() ? nullptr : at->second;
}

StreamVerdict AgentBook::judge(const AgentEntry& entry, const Report& report) {
    using Kind = StreamVerdict::Kind;
    const auto& agent = entry.agent;
    const bool came_back = !entry.previous_boot_id.empty() &&
                           report.boot_id == entry.previous_boot_id &&
                           report.boot_id != agent.boot_id;
    if (!entry.refused_boot_id.empty() && report.boot_id == entry.refused_boot_id) {
        return {Kind::clone, 0, false, false};
    }
    if (came_back) return {Kind::accept, report.first_seq - 1, true, true};
    if (rolled_back(entry, report) || report.epoch > agent.epoch) {
        return {Kind::accept, report.first_seq - 1, true, false};
    }
    // A state directory brought back from a backup: acknowledging it would drop unsent records.
    if (report.epoch < agent.epoch) return {Kind::clone, 0, false, false};
    if (report.last_seq <= agent.acked_seq) return {Kind::replay, report.last_seq, false, false};
    const bool gap = report.first_seq > agent.acked_seq + 1;
    return {Kind::accept, agent.acked_seq, gap, false};
}

void AgentBook::advance(AgentEntry& entry, const Report& report, const StreamVerdict& verdict,
                        Instant now) {
    if (verdict.two_boots) entry.refused_boot_id = entry.agent.boot_id;
    if (report.boot_id != entry.agent.boot_id) {
        entry.previous_boot_id = entry.agent.boot_id;
        entry.agent.boot_id = report.boot_id;
    }
    entry.agent.epoch = report.epoch;
    entry.agent.acked_seq = report.last_seq;
    entry.agent.last_seen_at = now;
}

}  // namespace gantry::collector
