// The outbox's housekeeping: what waits, told in numbers, and the removal of what is over.
// Blocking, on a connection of the caller's.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::itsm {

struct Backlog {
    std::int64_t waiting = 0;  // pending and in flight
    std::int64_t blocked = 0;  // of these: behind a dead open, until a person decides
    std::int64_t dead = 0;
    Instant oldest{};  // when the first of those that wait was made; epoch = none waits
};

// Of one connector. Reads the index and, at most, the threads of dead opens.
Result<Backlog> backlog(storage::Connection& connection, const std::string& connector);

// Deletes up to `max` rows that were delivered or discarded before `before`, of all connectors,
// also of those that are configured no more; says how many. Nothing to do: nothing is written. Dead
// ones stay: a person decides; with them what came later of their incident, which a retry must not
// undo. That a connector knows the incident stays recorded, so that it is not told to open it
// again.
Result<std::int64_t> trim_outbox(storage::Connection& connection, Instant before, std::int64_t max);

}  // namespace gantry::itsm
