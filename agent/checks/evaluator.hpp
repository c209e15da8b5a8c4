// Evaluator: all checks of the policy over all their instances. Measurements in, transitions out;
// pure (time is an argument), so that a week runs in a test in milliseconds.
//
// An instance is known from its first reading or gap on. One that a good measurement shows neither
// way has vanished: its condition, if it had one, resolves with evidence "reason".
// A probe that fails as a whole is a miss for each known instance, or for "" when none is known.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/checks/check.hpp"
#include "core/model/policy.hpp"
#include "core/model/policy_rules.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

// Further instances are not looked at, and counted.
inline constexpr std::size_t k_max_instances = 256;       // per check
inline constexpr std::size_t k_max_all_instances = 1000;  // of all checks

// One look's result for one check, already cut to the check's metric and patterns.
struct Look {
    std::map<std::string, Observation> instances;
    std::string failure;  // the probe failed as a whole: why
};

class Evaluator {
public:
    // `standings`: by (check, instance), from before a restart.
    explicit Evaluator(const std::map<std::pair<std::string, std::string>, Standing>& standings);

    // Takes the look into account. Evidence holds value, threshold and metric; the caller adds to
    // it. `now` is steady time.
    std::vector<CheckState> take(const CheckPolicy& check, const Look& look, Millis now);
    // Conditions of checks that the new policy lacks or disables resolve.
    std::vector<CheckState> use(const Policy& policy);
    // Every known instance's condition, without evidence, bounded for one record.
    [[nodiscard]] std::vector<CheckState> full_state() const;
    // Has it an instance, of this process or from before the restart?
    [[nodiscard]] bool knows(const std::string& check) const;
    // Was each of its instances judged, be it as unknown? True when it has none.
    [[nodiscard]] bool all_judged(const std::string& check) const;
    // Left out at each check's last look, because of the bounds above.
    [[nodiscard]] std::size_t ignored_instances() const;

private:
    struct Entry {
        CheckMemory memory;
        std::string summary;
    };
    using Instances = std::map<std::string, Entry>;
    CheckState state_of(const CheckPolicy& check, const std::string& instance,
                        const Observation& seen, const Transition& change) const;
    std::map<std::string, Instances> checks_;
    std::map<std::string, std::size_t> ignored_;
};

}  // namespace gantry::agent
