// From a probe's measurement to what a check looks at, and to what a sample record keeps. Pure.
#pragma once

#include <vector>

#include "agent/checks/evaluator.hpp"
#include "agent/probes/measurement.hpp"

namespace gantry::agent {

[[nodiscard]] Look look_of(const CheckPolicy& check, const Result<Measurement>& measured);
// Appends the readings that some check of `checks` judges (of a plugin all).
void append_samples(const std::vector<CheckPolicy>& checks, const Measurement& measured,
                    std::vector<Reading>& out);

// Checks that share a probe object: all enabled ones of a probe name; each plugin by itself.
struct ProbeGroup {
    std::vector<CheckPolicy> checks;
};
[[nodiscard]] std::vector<ProbeGroup> group_by_probe(const Policy& policy);

}  // namespace gantry::agent
