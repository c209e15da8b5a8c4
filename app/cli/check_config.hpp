// `gantry check-config FILE`: reads a configuration file as the program that owns it would, without
// starting anything. Works without a server.
#pragma once

#include <string>

#include "app/cli/session.hpp"

namespace gantry::cli {

// `wanted`: gantry, agent, policy, rules, or "" = by the file's keys.
int check_config(Session& session, const std::string& file, const std::string& wanted);

}  // namespace gantry::cli
