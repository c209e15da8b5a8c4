// CompiledRules: a RuleSet ready for the hot path: fields resolved, expressions compiled.
// Immutable.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/pattern/pattern.hpp"
#include "correlator/rules/rules.hpp"

namespace gantry::correlator {

// What matchers look at. Views: valid for the call only.
struct Subject {
    Severity severity = Severity::warning;
    std::string_view source;
    std::string_view host;
    std::string_view key;
    const LabelSet* labels = nullptr;
};

class CompiledRules {
public:
    // Errors (invalid_input) name the rule: a bad expression, an unknown severity, a duplicate or
    // missing name, a bound that is passed.
    [[nodiscard]] static Result<CompiledRules> compile(RuleSet rules);

    // Index of the first promote rule whose matchers all hold; -1 when none does. A missing label
    // is an empty one, as in Alertmanager.
    [[nodiscard]] int first_match(const Subject& subject) const;
    // Index of the first matcher of this rule that does not hold; -1 when all hold.
    // REQUIRES: rule < rules().promote.size().
    [[nodiscard]] int first_failing(std::size_t rule, const Subject& subject) const;
    // REQUIRES: index from first_match, not -1.
    [[nodiscard]] const PromoteRule& promote(int index) const {
        return rules_.promote[static_cast<std::size_t>(index)];
    }
    [[nodiscard]] const RuleSet& rules() const { return rules_; }

private:
    enum class Field : std::uint8_t { severity, source, host, key, label };
    struct CompiledMatcher {
        Field field = Field::label;
        Matcher::Op op = Matcher::Op::equal;
        std::string label;
        std::string value;
        std::optional<Pattern> pattern;
    };
    CompiledRules() = default;
    static Result<CompiledMatcher> compile(const Matcher& matcher);
    static bool holds(const CompiledMatcher& matcher, const Subject& subject);

    RuleSet rules_;
    std::vector<std::vector<CompiledMatcher>> matchers_;  // one list per promote rule
};

// The field's value as matchers see it; empty when it is missing.
[[nodiscard]] std::string_view field_of(const Subject& subject, std::string_view field);

// Everything compile() would refuse, without keeping the result.
[[nodiscard]] Result<void> check_rules(const RuleSet& rules);

}  // namespace gantry::correlator
