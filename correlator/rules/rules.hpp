// Rules: what the correlator does with alerts, as data (config/rules.yaml). The first promote rule
// whose matchers all hold decides; without a match the alert is only recorded.
//
// Plain values; compiled_rules.hpp makes them fast, load_rules.hpp reads them from YAML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/event.hpp"
#include "core/model/incident.hpp"

namespace gantry::correlator {

struct Matcher {
    enum class Op : std::uint8_t { equal, not_equal, regex, not_regex };  // regex is anchored
    std::string field;  // "severity", "source", "host", "key" or a label's name
    Op op = Op::equal;
    std::string value;

    friend bool operator==(const Matcher&, const Matcher&) = default;
};

struct PromoteRule {
    std::string name;            // unique; appears in decisions' explanations
    std::vector<Matcher> match;  // all must hold; empty = always
    bool open = true;            // false: record only
    Level impact = Level::medium;
    std::string category = "monitoring";
    std::string assignment_group;
    // Resolve an incident that a person took over? Default: only note it.
    bool resolve_taken_over = false;

    friend bool operator==(const PromoteRule&, const PromoteRule&) = default;
};

struct RuleSet {
    std::vector<PromoteRule> promote;
    Millis reopen_window{30 * 60'000};       // recovered -> fires again inside: reopen, not new
    Millis alert_retention{7 * 86'400'000};  // a resolved alert is forgotten after so long
    std::int64_t version = 0;                // hash of the content, see version_of()

    friend bool operator==(const RuleSet&, const RuleSet&) = default;
};

inline constexpr std::size_t k_max_promote_rules = 1000;
inline constexpr std::size_t k_max_matchers_per_rule = 32;
inline constexpr Millis k_max_reopen_window{30 * 86'400'000LL};
inline constexpr Millis k_min_alert_retention{3'600'000};
inline constexpr Millis k_max_alert_retention{366 * 86'400'000LL};

// What Gantry does with no rules file; config/rules.yaml says the same.
[[nodiscard]] RuleSet default_rules();

// FNV-1a of the content (without `version`). Equal content, equal version, on every machine.
[[nodiscard]] std::int64_t version_of(const RuleSet& rules);

// Alertmanager's notation: `severity = critical`, `host =~ "web[0-9]+"`, also != and !~. Quotes are
// optional. Error: invalid_input naming the text.
[[nodiscard]] Result<Matcher> parse_matcher(std::string_view text);
[[nodiscard]] std::string to_string(const Matcher& matcher);
[[nodiscard]] const char* to_string(Matcher::Op op);

}  // namespace gantry::correlator
