// From a journal record back to what the fold needs. Pure: used when a record is first folded and
// again at every replay, with equal results.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "collector/ingest/normalize.hpp"
#include "core/journal/journal.hpp"
#include "core/model/event.hpp"
#include "core/model/report.hpp"

namespace gantry::collector {

// Position of an agent's stream, saved in the fold's transaction.
struct AgentProgress {
    std::string agent_id;
    std::int64_t epoch = 0;
    std::int64_t acked_seq = 0;
    std::string boot_id;
    Instant last_seen_at{};
};

struct Decoded {
    std::vector<Event> events;
    std::vector<AlertId> expired;
    std::optional<AgentProgress> progress;
    std::optional<Facts> facts;  // of the agent in `progress`
};

// Nullopt: no such agent.
using AgentLookup = std::function<std::optional<AgentIdentity>(const std::string& agent_id)>;

// REQUIRES: record.kind fits the function. corrupt: the body cannot be what was journaled.
Result<Decoded> decode_agent_report(const journal::Record& record, const AgentLookup& agents);
Result<Decoded> decode_presence(const journal::Record& record, const AgentLookup& agents);
Result<Decoded> decode_expiry(const journal::Record& record);

}  // namespace gantry::collector
