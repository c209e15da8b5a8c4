// Rules: what the correlator does with alerts, as data (config/rules.yaml). The first promote rule
// whose matchers all hold decides; without a match the alert is only recorded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/event.hpp"
#include "core/model/incident.hpp"

namespace gantry::correlator {

struct Matcher {
    enum class Op : std::uint8_t { equal, not_equal, regex, not_regex };  // regex is anchored
    std::string field;  // "severity", "source", "host", "key" or a label's name
    Op op = Op::equal;
    std::string value;
};

struct PromoteRule {
    std::string name;
    std::vector<Matcher> match;   // all must hold; empty = always
    bool open = true;             // false: record only
    Level impact = Level::medium;
    std::string category = "monitoring";
    std::string assignment_group;
    // Resolve an incident that a person took over? Default: only note it.
    bool resolve_taken_over = false;
};

struct RuleSet {
    std::vector<PromoteRule> promote;
    Millis reopen_window{30 * 60'000};       // recovered -> fires again inside: reopen, not new
    Millis alert_retention{7 * 86'400'000};  // a resolved alert is forgotten after so long
    std::int64_t version = 0;                // hash of the content
};

}  // namespace gantry::correlator
