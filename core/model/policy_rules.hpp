// What a policy may say: one set of rules for YAML files, the API and agents, so that what one of
// them takes the others can run. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/policy.hpp"

namespace gantry {

inline constexpr std::size_t k_max_policy_checks = 500;
inline constexpr std::size_t k_max_check_id_bytes = 63;
inline constexpr std::size_t k_max_check_patterns = 256;

// author: all rules; what cannot be meant is refused while somebody is there to mend it.
// runner: only what cannot be run at all. A newer server may use keys, probes and metrics that this
// agent does not know: the keys are passed over, such checks are unknown, the others run.
enum class PolicyRules { author, runner };

// The probes an agent has, and their metrics, the default first (docs/specs/probes.md). None for a
// plugin, which judges itself, and for what is no probe.
struct ProbeMetric {
    std::string_view name;
    bool is_ratio = false;  // from 0 to 1
};
[[nodiscard]] const std::vector<std::string>& probe_names();
[[nodiscard]] std::span<const ProbeMetric> metrics_of(std::string_view probe);
[[nodiscard]] const ProbeMetric* find_metric(std::string_view probe, std::string_view metric);
// The metric that a check judges: its own, else its probe's default (of `unit` without patterns how
// many units failed). Empty for a plugin.
[[nodiscard]] std::string effective_metric(const CheckPolicy& check);

// What is wrong with one check: the key as in the document, and what it "must ...".
struct PolicyFault {
    std::string key;
    std::string what;
};
[[nodiscard]] std::vector<PolicyFault> faults_of(const CheckPolicy& check, PolicyRules rules);

}  // namespace gantry
