// Measurement: what one probe says at one moment. Source: a probe that answers at once (a few reads
// of kernel files, microseconds); anything that can hang is a Probe of its own (probe.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/event.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

// An instance that is there and could not be read. Never mistaken for one that vanished.
struct Gap {
    std::string instance;
    std::string reason;
};

inline constexpr const char* k_first_look = "a rate needs two looks";
inline constexpr const char* k_counters_went_back = "the kernel's counters began anew";

// Why two looks that are `seconds` apart give no rate of an instance; nullptr when they do.
// `went_back`: its counters, meaningless unless it was seen before.
inline const char* why_no_rate(bool seen_before, double seconds, bool went_back) {
    if (!seen_before || seconds <= 0) return k_first_look;
    return went_back ? k_counters_went_back : nullptr;
}

// A plugin's own judgement.
struct PluginVerdict {
    Condition condition = Condition::unknown;
    std::string text;  // first line of its output
};

struct Measurement {
    std::vector<Reading> readings;  // names: docs/specs/probes.md
    std::vector<Gap> gaps;
    std::vector<PluginVerdict> verdict;  // of a plugin: exactly one
};

class Source {
public:
    virtual ~Source() = default;
    // Errors: not_found when this machine has no such thing, unavailable when it cannot be read
    // now. What is there without a reading is a gap: the first read of a rate, too.
    virtual Result<Measurement> read() = 0;
    // What proves a breach of `metric` at `instance`, from the last read; asked on transitions
    // only.
    virtual Labels evidence(std::string_view metric, std::string_view instance) {
        (void)metric;
        (void)instance;
        return {};
    }
};

}  // namespace gantry::agent
