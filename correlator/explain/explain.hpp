// explain: a decision in sentences, for the person who asks "why this ticket?" or "why is this
// alert not a ticket?". Pure: made of the decision, its event from the journal, the rules, and the
// names of what it points at. Every combination of reasons has its sentences.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/decision.hpp"
#include "correlator/rules/rules.hpp"

namespace gantry::correlator {

// What the decision's ids are called; empty = unknown, then the sentences use the ids.
struct Names {
    std::string asset;
    int incident_priority = 0;  // 1 to 5; 0 = unknown
};

// Why a promote rule was passed over, or that it was the one.
struct RuleTried {
    std::string rule;
    bool matched = false;
    std::string failed_matcher;  // `severity="critical"`
    std::string value;           // what the event had there
};

struct Explanation {
    std::vector<std::string> sentences;
    // Of a firing, with the event at hand and unchanged rules: every rule up to the one that
    // decided. Of a recovery none: the alert was judged as it fired, not the event.
    std::vector<RuleTried> rules_tried;
    std::string rule;            // the name of the rule that decided; empty = none or unknown
    bool rules_changed = false;  // the decision was made under another rule set than `rules`

    // All sentences, separated by spaces.
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] Explanation explain(const Decision& decision, const std::optional<Event>& event,
                                  const RuleSet& rules, const Names& names);

}  // namespace gantry::correlator
