// Decision rows: written by the engine in the fold's transaction, one row for each journal record;
// read one by one. Blocking.
#pragma once

#include <span>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/decision.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"

namespace gantry::records {

// REQUIRES: ascending ids, above all that are stored; the decisions about a record are neighbours.
// An alert first seen, an incident opened has a higher id than those of all decisions before.
Result<void> save_decisions(storage::Connection&, std::span<const Decision> decisions);

struct DecisionFilter {
    AlertId alert;
    IncidentId incident;
};
Result<PageOf<Decision>> decisions(storage::Connection&, const Scope&, const DecisionFilter&,
                                   const PageRequest&);  // oldest first
// The newest `limit`, the newest of all first.
Result<std::vector<Decision>> latest_decisions(storage::Connection&, const Scope&,
                                               const DecisionFilter&, int limit);
// Deletes decisions older than `before`, at most `max` of them or the oldest record's; returns how
// many.
Result<std::int64_t> trim_decisions(storage::Connection&, Instant before, std::int64_t max);

}  // namespace gantry::records
