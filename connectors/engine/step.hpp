// What the engine wants done next, as values: a driver (runner.hpp on Asio, the simulation on a
// simulated clock) does it and tells the engine how it went.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/ports/outbox.hpp"
#include "core/time/clock.hpp"

namespace gantry::connectors {

// A row as leased, with what the other side calls its incident.
struct LeasedRow {
    Delivery delivery;
    std::string remote_id;
};

// Ask the outbox for up to `max` rows.
struct LeaseStep {
    std::size_t max = 0;
    Millis lease{};
};

// Write verdicts to the outbox, in one commit. Repeated until it succeeds: the verdicts are known,
// so nothing is sent again meanwhile.
struct SettleStep {
    std::vector<Settlement> settlements;
};

// Call the connector, beside everything else that goes on.
struct AttemptStep {
    LeasedRow row;
    Millis timeout{};
};

// Nothing to do before `until` unless something finishes or notify() is called.
struct WaitStep {
    std::chrono::steady_clock::time_point until{};
};

// stop() was called and nothing is under way any more.
struct StoppedStep {};

using Step = std::variant<LeaseStep, SettleStep, AttemptStep, WaitStep, StoppedStep>;

}  // namespace gantry::connectors
