// Reads a RuleSet from YAML (config/rules.yaml shows every key). An absent key keeps the default of
// rules.hpp; without `promote` the default rules stand. Errors are invalid_input with one line
// each, "rules.yaml:12: ...": unknown keys with the nearest valid one, wrong types, bad matchers,
// bad expressions, duplicate names.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "correlator/rules/rules.hpp"

namespace gantry::settings {
class Document;
}

namespace gantry::correlator {

[[nodiscard]] Result<RuleSet> load_rules(const std::string& path);
// `name` stands for the file in messages.
[[nodiscard]] Result<RuleSet> parse_rules(std::string_view yaml, std::string name);
// From an open document; its known_keys() afterwards lists every key of a rules file.
[[nodiscard]] Result<RuleSet> read_rules(settings::Document& document);

}  // namespace gantry::correlator
