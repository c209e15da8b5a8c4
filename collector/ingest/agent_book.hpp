// AgentBook: what the collector must know of each agent to judge a report in memory: credential,
// position in its stream, when it was last heard. Seeded from the records at start, after the
// journal was caught up. A plain value store; one thread.
//
// Agents and endpoints are two things: an endpoint is an asset, heard through whichever agent
// proves it. A reinstalled machine has two agents in the book and is one endpoint, whose silence is
// that of all of them.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/report.hpp"
#include "core/model/scope.hpp"
#include "core/records/access.hpp"
#include "core/time/clock.hpp"

namespace gantry::collector {

using SteadyTime = std::chrono::steady_clock::time_point;

struct AgentEntry;

struct Endpoint {
    OrganisationId organisation;
    AssetId asset;
    std::vector<AgentEntry*> agents;  // that prove it, in the order of their enrolment
    SteadyTime heard_at{};            // any of its agents came in with its credential
    Instant last_report_at{};         // the same by the wall clock, for people
    Millis interval{0};               // between reports, as last told to it; 0 = not known yet
    bool reported = false;            // ever: only then its silence says something
    bool offline = false;             // its "endpoint offline" alert is firing
    bool return_awaits = false;       // Presence has it among those to tell as returned

    // Whom to name when we speak of it: of its agents that are not revoked the one last heard,
    // nullptr when all are revoked.
    [[nodiscard]] AgentEntry* voice() const;
};

struct AgentEntry {
    records::AgentCredential agent;
    Endpoint* endpoint = nullptr;  // never null inside a book
    SteadyTime heard_at{};
    bool busy = false;        // a report of it is on its way to the journal
    bool clone_told = false;  // the log knows that it was cloned
};

// What a report means for the agent's stream.
struct StreamVerdict {
    enum class Kind { accept, replay, clone } kind = Kind::accept;
    std::int64_t skip_up_to = 0;   // records with seq <= this were accepted before
    std::int64_t acked_seq = 0;    // in the report's epoch, while nothing of it is taken
    bool want_full_state = false;  // the server's picture of the endpoint may be stale
    std::int64_t later_epoch = 0;  // that we know, when the report's is lower; else 0
};

struct PresenceCounts {
    std::int64_t online = 0;
    std::int64_t offline = 0;
};

class AgentBook {
public:
    // Adds the agent, or replaces it by id. It counts as heard now; as one that ever reported only
    // when the row says so.
    AgentEntry& put(records::AgentCredential agent, const Clock& clock);
    [[nodiscard]] AgentEntry* find(std::string_view agent_id);
    [[nodiscard]] AgentEntry* find_by_credential(const std::string& credential_hash);
    // By the token and the nonce with which it enrolled; nullptr for an empty nonce.
    [[nodiscard]] AgentEntry* find_by_enrolment(TokenId token, const std::string& nonce);
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    // In the order of their first agent's enrolment.
    std::deque<Endpoint>& endpoints() { return endpoints_; }

    // The agent came in and proved who it is, whatever became of its request; no copy of it.
    static void heard(AgentEntry& entry, const Clock& clock);
    // The row was revoked: the credential opens nothing any more, and silence is not judged.
    void revoke(std::string_view agent_id);
    // The row refuses this boot: it is a copy's. What it moved is moved back.
    void refuse_boot(std::string_view agent_id, const std::string& boot_id);
    // The row was approved: its reports are taken from now on.
    void approve(std::string_view agent_id);
    // Endpoints that reported at least once and have an agent that is not revoked.
    [[nodiscard]] PresenceCounts presence(const Scope& scope) const;

    // Pure judgement; changes nothing. Rules: docs/specs/wire.md, "epoch and sequence".
    static StreamVerdict judge(const AgentEntry& entry, const Report& report);
    // After the report, or what was left of it, is durable. What is wanted is owed from then on
    // until it comes: the answer that asks for it may be lost.
    static void advance(AgentEntry& entry, const Report& report, const StreamVerdict& verdict,
                        Instant now);

private:
    Endpoint& endpoint_of(const records::AgentCredential& agent);

    // Never erased from: pointers stay good.
    std::unordered_map<std::string, AgentEntry> entries_;
    std::deque<Endpoint> endpoints_;
    std::unordered_map<std::string, AgentEntry*> by_credential_;
    std::map<std::pair<TokenId, std::string>, AgentEntry*> by_enrolment_;
    std::unordered_map<AssetId, Endpoint*> by_asset_;
};

}  // namespace gantry::collector
