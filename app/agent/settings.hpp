// The agent's settings: what agent.yaml can say, as a plain struct whose members hold the defaults.
// No file is needed; command line options win over it. Keys: docs/settings.md.
#pragma once

#include <string>

#include "core/base/result.hpp"
#include "core/settings/reader.hpp"
#include "core/telemetry/log.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

struct AgentSettings {
    std::string server;   // https://host:port; empty: what `enrol` wrote into the state directory
    std::string ca_file;  // PEM; empty: what `enrol` wrote, or the system's store
    std::string state_directory = "/var/lib/gantry-agent";
    std::string asset_tag;  // operator's asset tag, the second identity rule; empty: none
    Millis interval{0};     // of sampling and reporting; 0 = the policy's
    std::size_t spool_max_bytes = 64 << 20;
    telemetry::LogLevel log_level = telemetry::LogLevel::info;
};

Result<AgentSettings> load_agent_settings(const std::string& path,
                                          settings::Environment environment);
// From an open document, whose known_keys() then lists all keys.
Result<AgentSettings> read_agent_settings(settings::Document& document);

}  // namespace gantry::app
