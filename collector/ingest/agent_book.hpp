// AgentBook: what the collector must know of each agent to judge a report in memory: credential,
// position in its stream, when it was last heard. Seeded from the records at start, after the
// journal was caught up. A plain value store; one thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/report.hpp"
#include "core/records/access.hpp"
#include "core/time/clock.hpp"

namespace gantry::collector {

struct AgentEntry {
    records::AgentCredential agent;
    std::string previous_boot_id;  // the boot before this one, to see two boots alternate
    std::string refused_boot_id;   // the copy of a cloned machine
    Instant last_report_at{};      // server's clock; starts at gantryd's start
    bool offline = false;          // its "endpoint offline" alert is firing
    bool busy = false;             // a report of it is on its way to the journal
};

// What a report means for the agent's stream.
struct StreamVerdict {
    enum class Kind { accept, replay, clone } kind = Kind::accept;
    std::int64_t skip_up_to = 0;   // records with seq <= this were accepted before
    bool want_full_state = false;  // a gap or a new epoch: the server's picture may be stale
    bool two_boots = false;        // this boot had been replaced by another: the other is a copy
};

class AgentBook {
public:
    void put(records::AgentCredential agent, Instant now);
    [[nodiscard]] AgentEntry* find(std::string_view agent_id);
    [[nodiscard]] AgentEntry* find_by_credential(const std::string& credential_hash);
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    std::unordered_map<std::string, AgentEntry>& entries() { return entries_; }

    // Pure judgement; changes nothing. Rules: docs/specs/wire.md, "epoch and sequence".
    static StreamVerdict judge(const AgentEntry& entry, const Report& report);
    // After the report is durable.
    static void advance(AgentEntry& entry, const Report& report, const StreamVerdict& verdict,
                        Instant now);

private:
    std::unordered_map<std::string, AgentEntry> entries_;  // never erased: pointers stay good
    std::unordered_map<std::string, AgentEntry*> by_credential_;
};

}  // namespace gantry::collector
