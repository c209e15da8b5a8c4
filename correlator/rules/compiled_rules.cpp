#include "correlator/rules/compiled_rules.hpp"

#include <set>

namespace gantry::correlator {
namespace {

Error in_rule(const PromoteRule& rule, const std::string& why) {
    return fail(ErrorCode::invalid_input, "rule \"" + rule.name + "\": " + why);
}

Result<void> check_bounds(const RuleSet& rules) {
    if (rules.promote.size() > k_max_promote_rules) {
        return fail(ErrorCode::invalid_input, "more than 1000 promote rules");
    }
    if (rules.reopen_window < Millis{0} || rules.reopen_window > k_max_reopen_window) {
        return fail(ErrorCode::invalid_input, "reopen_window must be from 0 s to 30 days");
    }
    if (rules.alert_retention < k_min_alert_retention ||
        rules.alert_retention > k_max_alert_retention) {
        return fail(ErrorCode::invalid_input, "alert_retention must be from 1 hour to 366 days");
    }
    if (rules.alert_retention < rules.reopen_window) {
        return fail(ErrorCode::invalid_input,
                    "alert_retention must not be shorter than reopen_window");
    }
    std::set<std::string_view> names;
    for (const auto& rule : rules.promote) {
        if (rule.name.empty()) return fail(ErrorCode::invalid_input, "a promote rule has no name");
        if (!names.insert(rule.name).second) return in_rule(rule, "the name is used twice");
        if (rule.match.size() > k_max_matchers_per_rule)
            return in_rule(rule, "more than 32 matchers");
    }
    return {};
}

}  // namespace

Result<CompiledRules::CompiledMatcher> CompiledRules::compile(const Matcher& matcher) {
    CompiledMatcher out;
    out.op = matcher.op;
    out.value = matcher.value;
    if (matcher.field == "severity") {
        out.field = Field::severity;
    } else if (matcher.field == "source") {
        out.field = Field::source;
    } else if (matcher.field == "host") {
        out.field = Field::host;
    } else if (matcher.field == "key") {
        out.field = Field::key;
    } else {
        out.label = matcher.field;
    }
    if (matcher.op == Matcher::Op::regex || matcher.op == Matcher::Op::not_regex) {
        auto pattern = Pattern::compile(matcher.value);
        if (!pattern) return std::move(pattern).error();
        out.pattern.emplace(std::move(pattern).value());
    } else if (Severity known{}; out.field == Field::severity && !parse(matcher.value, known)) {
        return fail(ErrorCode::invalid_input,
                    "severity is info, warning or critical, not \"" + matcher.value + "\"");
    }
    return out;
}

Result<CompiledRules> CompiledRules::compile(RuleSet rules) {
    if (auto bounds = check_bounds(rules); !bounds) return bounds.error();
    CompiledRules out;
    out.matchers_.reserve(rules.promote.size());
    for (const auto& rule : rules.promote) {
        auto& list = out.matchers_.emplace_back();
        for (const auto& matcher : rule.match) {
            auto compiled = compile(matcher);
            if (!compiled) return in_rule(rule, compiled.error().message);
            list.push_back(std::move(compiled).value());
        }
    }
    out.rules_ = std::move(rules);
    return out;
}

bool CompiledRules::holds(const CompiledMatcher& matcher, const Subject& subject) {
    std::string_view value;
    switch (matcher.field) {
        case Field::severity: value = gantry::to_string(subject.severity); break;
        case Field::source: value = subject.source; break;
        case Field::host: value = subject.host; break;
        case Field::key: value = subject.key; break;
        case Field::label: value = field_of(subject, matcher.label); break;
    }
    switch (matcher.op) {
        case Matcher::Op::equal: return value == matcher.value;
        case Matcher::Op::not_equal: return value != matcher.value;
        case Matcher::Op::regex: return matcher.pattern->matches(value);
        case Matcher::Op::not_regex: return !matcher.pattern->matches(value);
    }
    return false;
}

int CompiledRules::first_failing(std::size_t rule, const Subject& subject) const {
    const auto& list = matchers_[rule];
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!holds(list[i], subject)) return static_cast<int>(i);
    }
    return -1;
}

int CompiledRules::first_match(const Subject& subject) const {
    for (std::size_t rule = 0; rule < matchers_.size(); ++rule) {
        if (first_failing(rule, subject) < 0) return static_cast<int>(rule);
    }
    return -1;
}

std::string_view field_of(const Subject& subject, std::string_view field) {
    if (field == "severity") return gantry::to_string(subject.severity);
    if (field == "source") return subject.source;
    if (field == "host") return subject.host;
    if (field == "key") return subject.key;
    const auto label = subject.labels ? subject.labels->find(field) : std::nullopt;
    return label.value_or(std::string_view{});
}

Result<void> check_rules(const RuleSet& rules) {
    auto compiled = CompiledRules::compile(rules);
    if (!compiled) return std::move(compiled).error();
    return {};
}

}  // namespace gantry::correlator
