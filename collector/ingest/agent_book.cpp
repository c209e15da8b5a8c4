#include "collector/ingest/agent_book.hpp"

#include <algorithm>

#include "collector/ingest/decode.hpp"

namespace gantry::collector {

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
    if (!agent.nonce.empty()) by_enrolment_[{agent.token, agent.nonce}] = &entry;
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

void AgentBook::refuse_boot(std::string_view agent_id, const std::string& boot_id) {
    if (AgentEntry* entry = find(agent_id)) records::refuse_boot(entry->agent, boot_id);
}

void AgentBook::approve(std::string_view agent_id) {
    if (AgentEntry* entry = find(agent_id)) entry->agent.approved = true;
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

AgentEntry* AgentBook::find_by_enrolment(TokenId token, const std::string& nonce) {
    const auto at = by_enrolment_.find({token, nonce});
    return at == by_enrolment_.end() ? nullptr : at->second;
}

namespace {

// The boot before the present one, in an epoch of its own: not a reboot's late request, whose epoch
// would be ours, but one of two machines, whose numbers are not the other's.
bool goes_on_from_before(const records::AgentCredential& agent, const Report& report) {
    return !agent.previous_boot_id.empty() && report.boot_id == agent.previous_boot_id &&
           report.epoch != agent.epoch && report.epoch >= agent.previous_epoch;
}

}  // namespace

StreamVerdict AgentBook::judge(const AgentEntry& entry, const Report& report) {
    using Kind = StreamVerdict::Kind;
    const auto& agent = entry.agent;
    const bool own = goes_on_from_before(agent, report);
    const std::int64_t epoch = own ? agent.previous_epoch : agent.epoch;
    const std::int64_t acked_seq = own ? agent.previous_acked_seq : agent.acked_seq;
    if (agent.refuses(report.boot_id)) return {Kind::clone};
    // Brought back to before it began an epoch: a machine that is rolled back every night, a state
    // directory from a backup, or a copy, which then takes turns with its original. It is told our
    // epoch and begins the one after, with all that it has not sent.
    if (report.epoch < epoch) {
        const std::int64_t before = report.first_seq - 1;
        return {Kind::replay, report.last_seq, before, false, epoch};
    }
    if (report.epoch > epoch) {
        return {Kind::accept, report.first_seq - 1, report.first_seq - 1, true};
    }
    // Numbers that we have, from another boot: sent again after a lost acknowledgement, or given
    // anew by a machine that was rolled back. No clock can tell these apart; the full state repairs
    // the second: a new boot owes one (follow_report). When all of it is behind us, nothing moves,
    // and our acked_seq tells the agent to begin an epoch.
    const bool rebooted = !own && !agent.boot_id.empty() && report.boot_id != agent.boot_id;
    const bool doubtful = rebooted && report.first_seq <= acked_seq;
    if (report.last_seq <= acked_seq) return {Kind::replay, report.last_seq, acked_seq, doubtful};
    const bool gap = report.first_seq > acked_seq + 1;
    return {Kind::accept, acked_seq, acked_seq, gap || doubtful};
}

void AgentBook::advance(AgentEntry& entry, const Report& report, const StreamVerdict& verdict,
                        Instant now) {
    const auto progress = progress_of(report, now);
    records::follow_report(entry.agent, progress);
    if (verdict.want_full_state && !progress.has_full_state) entry.agent.full_state_due = true;
}

}  // namespace gantry::collector
