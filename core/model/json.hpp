// The JSON codecs of the model (nlohmann-json inside, no JSON type in this header). Encoders give
// the API's documents: snake_case keys, RFC 3339 times, enums as words, ids as numbers, unset times
// and ids as null. Key order is fixed, so equal values give equal bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/alert.hpp"
#include "core/model/asset.hpp"
#include "core/model/command.hpp"
#include "core/model/decision.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"
#include "core/model/policy.hpp"
#include "core/model/policy_rules.hpp"

namespace gantry {

std::string to_json(const Incident&);
std::string to_json(const TimelineEntry&);
std::string to_json(const Alert&);
std::string to_json(const Asset&);
std::string to_json(const Decision&);
std::string to_json(const Delivery&);  // without the payload's secret parts; payload as an object
std::string to_json(const Facts&);
std::string to_json(const Policy&);

// Commands as journaled; decode(encode(c)) == c.
std::string encode(const Command&);
Result<Command> decode_command(std::string_view text);
Result<Facts> decode_facts(std::string_view text);
// Errors name the key and the nearest valid one. `source` names the text in messages. A runner's
// rules pass over keys that are not known.
Result<Policy> decode_policy(std::string_view json, std::string_view source,
                             PolicyRules rules = PolicyRules::author);

}  // namespace gantry
