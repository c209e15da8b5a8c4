// Counts: how much of what is open, for the status page. Blocking; costs a pass over the open
// incidents, the alerts and the waiting deliveries, so nobody polls it faster than once a second.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/model/scope.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::records {

struct Counts {
    std::array<std::int64_t, 6> open_incidents{};  // by priority, 1 to 5; [0] is unused
    std::int64_t firing_alerts = 0;
    std::int64_t deliveries_waiting = 0;  // pending or in flight
    std::int64_t deliveries_dead = 0;
    // The newest delivery that waits or is dead after a failure; empty = none.
    std::string last_error;
    std::string last_error_connector;
};

Result<Counts> counts(storage::Connection& connection, const Scope& scope);

}  // namespace gantry::records
