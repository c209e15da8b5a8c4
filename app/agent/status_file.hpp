// STATUS/status.json: what the running agent lets `gantry-agent status` and support see, without a
// door of its own.
#pragma once

#include <string>
#include <vector>

#include "agent/spool/spool.hpp"
#include "core/model/report.hpp"

namespace gantry::app {

struct AgentStatus {
    std::string policy;
    std::string policy_etag;
    std::string problem;        // why the server was not reached last; empty = it was
    Instant acknowledged_at{};  // epoch = never
    std::int64_t clock_skew_ms = 0;
    std::size_t ignored_instances = 0;
    agent::SpoolStatus spool;
    std::vector<CheckState> conditions;  // other than ok
};

std::string encode_status(const AgentStatus& status, Instant written_at);

}  // namespace gantry::app
