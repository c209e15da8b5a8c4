// A policy as a YAML file (config/policies/), read into the model's Policy with errors that name
// file and line. The keys are those of the JSON codec (core/model/json.hpp), the rules those of
// core/model/policy_rules.hpp.
#pragma once

#include <string>
#include <vector>

#include "core/model/policy.hpp"
#include "core/settings/reader.hpp"

namespace gantry::settings {

// Reads from an open document; `known_keys()` of it then lists a policy's keys.
Result<Policy> read_policy(Document& document);
// Errors as Document::load and Document::read. The etag is left empty: the server sets it.
Result<Policy> load_policy(const std::string& path);

}  // namespace gantry::settings
