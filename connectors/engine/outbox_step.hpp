// The step that asks the outbox for rows, done blocking on the caller's thread; for all drivers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/engine/step.hpp"
#include "core/base/result.hpp"
#include "core/ports/outbox.hpp"

namespace gantry::connectors {

struct LeaseAnswer {
    std::vector<LeasedRow> rows;
    std::optional<Instant> next_due;  // of what is left; for the timer and the lag
};

// Errors: the outbox's own. Rows leased before an error come back when their lease expires.
Result<LeaseAnswer> perform(const LeaseStep& step, const std::string& connector, Instant now,
                            Outbox& outbox);

}  // namespace gantry::connectors
