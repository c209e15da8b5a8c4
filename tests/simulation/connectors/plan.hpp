// Plan: all that a seed decides before anything runs. Swarm: each fault is in about half of the
// seeds, so that some see one fault alone and some see many together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connectors/engine/settings.hpp"
#include "core/base/random.hpp"

namespace gantry::simulation {

// Percent of the calls that end so; the rest are accepted.
struct ToolFaults {
    int refuse_connection = 0;
    int client_error = 0;    // this delivery never goes while the fault lasts
    int turn_away = 0;       // 404: this time, at this address
    int throttle = 0;        // 429, with or without Retry-After
    int server_error = 0;    // 5xx, with or without Retry-After
    int timeout_before = 0;  // nothing happened
    int timeout_after = 0;   // it happened
    int timeout_late = 0;    // it happens after the timeout
    int reset_before = 0;
    int reset_after = 0;
    int garbage = 0;  // it happened, but the answer cannot be understood
    int slow = 0;     // answers just in time
};

struct Outage {
    Millis from{}, until{};
    // 0 refuses, 1 answers 5xx, 2 silent, 3 throttles with Retry-After, 4 turns all away
    int kind = 0;
};

struct ToolPlan {
    std::string name;
    connectors::DeliveryLimits limits;
    ToolFaults faults;
    std::vector<Outage> outages;
    bool gives_remote_ids = true;
};

struct Plan {
    std::uint64_t seed = 0;
    std::vector<ToolPlan> tools;
    int incidents = 0;
    int rows_per_incident = 1;  // at most
    Millis span{};              // of writing and of faults
    int crashes = 0;            // at any moment, between or within the outbox's operations
    int clean_stops = 0;
    int clock_steps = 0;
    Millis clock_step{};       // at most, either way
    int failing_permille = 0;  // of the outbox's operations
    int outbox_outages = 0;
    int operator_retries = 0;
    Millis outbox_latency{};  // of one operation, at most

    [[nodiscard]] bool is_calm() const {
        return crashes == 0 && clock_steps == 0 && failing_permille == 0 && outbox_outages == 0;
    }
};

Plan make_plan(std::uint64_t seed);

}  // namespace gantry::simulation
