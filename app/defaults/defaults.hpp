// config/policies/default.yaml and config/rules.yaml as built in, so that no file is needed.
#pragma once

#include <string_view>

namespace gantry::app {

[[nodiscard]] std::string_view default_policy_yaml();
[[nodiscard]] std::string_view default_rules_yaml();

}  // namespace gantry::app
