// A journal as a busy month could have written it, from a seed alone: monitors that raise, resend,
// worsen and resolve alerts, sometimes out of order; agents that enrol, report and fall silent;
// people who take over, resolve, close, comment and misclick; expiries; records that are broken.
// Each seed leaves some kinds out and weighs the others differently (swarm testing).
#pragma once

#include <cstdint>
#include <vector>

#include "core/journal/journal.hpp"

namespace gantry::simulation {

struct Workload {
    std::vector<journal::Record> journal;  // ascending seq, with gaps
};

// REQUIRES: the store has the organisations 1 and 2 and an enrolment token with id 1.
Workload make_workload(std::uint64_t seed, std::size_t records);

}  // namespace gantry::simulation
