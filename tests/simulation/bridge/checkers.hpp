// Checkers: what must hold of the rows whatever the journal was. Separate from the workload and
// from the code under test: they read tables with SQL of their own.
#pragma once

#include <string>
#include <vector>

#include "core/journal/journal.hpp"
#include "core/storage/database.hpp"

namespace gantry::simulation {

// Every row of every table of the fold, in a fixed order, as text: equal text, equal rows.
std::string dump(storage::Connection& connection);

// Broken promises as sentences; empty = all kept.
std::vector<std::string> check_promises(storage::Connection& connection,
                                        const std::vector<journal::Record>& journal);

}  // namespace gantry::simulation
