// gantry-agent's commands. Each returns the program's exit code and prints for people, or one JSON
// document with `json`.
#pragma once

#include <string>

#include "app/agent/settings.hpp"
#include "core/base/redacted.hpp"

namespace gantry::app {

struct EnrolOptions {
    std::string server;
    std::string ca_file;
    Redacted<std::string> token;
    bool force = false;       // replace an identity
    bool keep_token = false;  // for images: copies enrol themselves
};

// The agent itself, until SIGTERM or SIGINT. 0: ended as asked; 1: could not start.
int run_agent(const AgentSettings& settings);
// 0: enrolled; 1: not, with the reason on standard error.
int enrol_agent(const AgentSettings& settings, const EnrolOptions& options);
// 0 ok, 1 warning, 2 critical, 3 unknown: the plugin interface's codes.
int check_once(const AgentSettings& settings, bool json);
// 0: enrolled; 1: not.
int agent_status(const AgentSettings& settings, bool json);

// Paths in the state directory.
struct StatePaths {
    explicit StatePaths(const AgentSettings& settings);
    std::string directory;
    std::string identity;
    std::string policy;
    std::string status;
    std::string ca;
};
// Makes the state directory (0700) when it is missing.
Result<void> make_state_directory(const StatePaths& paths);
std::uint64_t process_entropy();

}  // namespace gantry::app
