// Policy: what an agent runs. A document the server sends and the agent caches; YAML in config/,
// JSON on the wire, the same keys in both (config/schemas/policy.schema.json).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/time/clock.hpp"

namespace gantry {

// Raise when `value` passes the limit in the given direction; clear only past `clear`.
struct Threshold {
    std::optional<double> warning;
    std::optional<double> critical;
    std::optional<double> clear_warning;   // default: the same as warning
    std::optional<double> clear_critical;  // default: the same as critical
    bool below = false;                    // true: low values are bad (free space, running)
};

struct CheckPolicy {
    std::string id;      // "filesystem", unique in the policy
    std::string probe;   // "filesystem", "cpu", "unit", "process", "plugin" ...
    std::string metric;  // reading to judge, e.g. "system.filesystem.utilization"
    Threshold threshold;
    Millis every{15'000};
    Millis hold_for{0};  // "for": condition must last so long before it counts
    int needed = 1;      // N of the last M readings must breach
    int window = 1;
    bool enabled = true;
    // Which instances (mount points, units, process names, interfaces); glob patterns.
    std::vector<std::string> include;
    std::vector<std::string> exclude;
    // plugin only: argv, deadline, output cap.
    std::vector<std::string> command;
    Millis timeout{10'000};
};

struct Policy {
    std::string name;
    std::string etag;         // hash of the content, set by the server
    Millis interval{15'000};  // of sampling and reporting
    std::vector<CheckPolicy> checks;
};

}  // namespace gantry
