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
#include "core/records/access.hpp"

namespace gantry::collector {

struct Decoded {
    std::vector<Event> events;
    std::vector<AlertId> expired;
    std::optional<records::AgentProgress> progress;  // saved in the fold's transaction
    std::optional<Facts> facts;                      // of the agent in `progress`
};

// Nullopt: no such agent.
using AgentLookup = std::function<std::optional<AgentIdentity>(const std::string& agent_id)>;

// How an accepted report moves its agent.
records::AgentProgress progress_of(const Report& report, Instant received_at);

// REQUIRES: record.kind fits the function. corrupt: the body cannot be what was journaled.
Result<Decoded> decode_agent_report(const journal::Record& record, const AgentLookup& agents);
Result<Decoded> decode_presence(const journal::Record& record, const AgentLookup& agents);
Result<Decoded> decode_expiry(const journal::Record& record);

}  // namespace gantry::collector
