// The sentences about checks that people read in incidents: "/var is 96 % full (critical at 95 %)".
#pragma once

#include <string>

#include "agent/checks/check.hpp"

namespace gantry::agent {

// A value in its metric's unit: "96 %", "3.5", "2 d 3 h".
[[nodiscard]] std::string format_value(const std::string& metric, double value);

// `value` is absent for unknown. The limit named is the one that `to` passed.
[[nodiscard]] std::string summarise(const CheckPolicy& check, const std::string& instance,
                                    Condition to, const Observation& seen);

}  // namespace gantry::agent
