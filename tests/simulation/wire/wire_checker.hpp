// What must hold when the faults are over and everything is told: apart from the workload, and with
// SQL of its own.
#pragma once

#include <string>
#include <vector>

#include "core/storage/database.hpp"
#include "tests/simulation/wire/agent_side.hpp"

namespace gantry::simulation {

// Broken promises as sentences; empty = all kept.
std::vector<std::string> check_wire(storage::Connection& rows, const AgentSide& agent,
                                    AssetId asset = AssetId{1});

}  // namespace gantry::simulation
