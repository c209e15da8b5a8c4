// Vitals: how the running server feels, besides what its records say; implemented by app over the
// engine and the collector. Answers from memory; the server's executor.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/scope.hpp"
#include "core/time/clock.hpp"

namespace gantry {

struct Vitals {
    bool ready = false;            // started, caught up, taking events
    std::int64_t journal_lag = 0;  // durable records that are not folded yet
    std::int64_t agents_online = 0;
    std::int64_t agents_offline = 0;
};

class VitalSigns {
public:
    virtual ~VitalSigns() = default;
    // Agents of the scope's organisations only; the rest is the server's own.
    virtual Vitals vitals(const Scope& scope) = 0;
};

}  // namespace gantry
