// A check's judgement of one instance: values in, transition out. Pure: time is an argument.
//
// Order of thought: a reading gives a level (with a separate clear threshold), the last M levels
// give a target (N of M; looks of before the first one count as what is known), a worse target
// must last `hold_for`, a better one counts at once. A missing reading is never ok: after
// k_unknown_after of them in a row the condition is unknown, and the next reading ends that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/policy.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

inline constexpr int k_unknown_after = 3;

// What one look at one instance gave: a value, a verdict (plugins judge themselves), or neither
// and the reason why.
struct Observation {
    std::optional<double> value;
    std::optional<Condition> verdict;
    std::string reason;  // why there is none, or the plugin's text
};

// What of an instance outlives a restart.
struct Standing {
    Condition told = Condition::ok;    // reported last
    Condition judged = Condition::ok;  // known last: the same, but while `told` is unknown

    friend bool operator==(const Standing&, const Standing&) = default;
};

// The memory of one check's instance between looks.
struct CheckMemory {
    Condition known = Condition::ok;      // the last condition that was judged
    bool blind = false;                   // reported as unknown
    int missed = 0;                       // looks without a reading, in a row
    std::vector<Condition> levels;        // the last `window` ones, oldest first
    std::optional<Millis> warning_since;  // target at least warning, steady clock
    std::optional<Millis> critical_since;

    [[nodiscard]] Condition reported() const { return blind ? Condition::unknown : known; }
    // False while there were only gaps, too few to call it unknown: reported() says ok of it.
    [[nodiscard]] bool judged() const { return blind || known != Condition::ok || !levels.empty(); }
};

struct Transition {
    Condition from = Condition::ok;
    Condition to = Condition::ok;

    friend bool operator==(const Transition&, const Transition&) = default;
};

// The level of one value, given the present condition (for the clear thresholds). A limit is
// passed from it on (value >= limit), or strictly below it for `below`.
[[nodiscard]] Condition level_of(const Threshold& threshold, double value, Condition present);

// Takes one look into `memory`; the transition to report, if any. `now` is steady time.
[[nodiscard]] std::optional<Transition> judge(const CheckPolicy& check, const Observation& seen,
                                              Millis now, CheckMemory& memory);

// A check of `unit` or `process` without thresholds means: not running (below 1) is critical; of
// `unit` without patterns: any failed unit is.
[[nodiscard]] Threshold effective_threshold(const CheckPolicy& check);

}  // namespace gantry::agent
