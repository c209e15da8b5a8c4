// config/policies/default.yaml as built in, so that no file is needed. As JSON:
// Document::parse(default_policy_yaml(), "built-in policy")->to_json(). (The default rules are
// correlator::default_rules().)
#pragma once

#include <string_view>

namespace gantry::app {

[[nodiscard]] std::string_view default_policy_yaml();

}  // namespace gantry::app
