// System under test: projector, correlator and ticket store over a real database, driven on one
// thread, with crashes and failing statements as a seed decides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/journal/journal.hpp"
#include "core/storage/database.hpp"

namespace gantry::simulation {

struct Faults {
    std::uint64_t seed = 0;
    int crash_percent = 0;    // per batch: all memory is lost, before, within or after its commit
    int failure_percent = 0;  // per batch: one of its statements fails, then it is tried again
    std::size_t max_cut = 1'000'000;  // records handed over at once
};

struct Run {
    std::string rows;                 // dump() of the end
    std::vector<std::string> broken;  // check_promises() of the end
    int crashes = 0;
    int failures = 0;
};

// Folds the whole journal into `database` (migrated and empty). Throws on what may not happen.
Run run_system(storage::Database& database, const std::vector<journal::Record>& journal,
               const Faults& faults);

}  // namespace gantry::simulation
