#include "correlator/rules/rules.hpp"

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace gantry::correlator {
namespace {

// Length-prefixed, so that no two contents give the same canonical text.
void put(std::string& out, std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
}

void put(std::string& out, std::int64_t number) {
    out += std::to_string(number);
    out += ';';
}

Error bad_matcher(std::string_view text, const std::string& why) {
    return fail(ErrorCode::invalid_input, "matcher \"" + std::string(text) + "\": " + why);
}

// Drops one pair of double quotes around the value; \" and \\ inside stand for " and \.
Result<std::string> unquote(std::string_view whole, std::string_view value) {
    if (value.empty() || value.front() != '"') return std::string(value);
    if (value.size() < 2 || value.back() != '"')
        return bad_matcher(whole, "the quote is not closed");
    std::string out;
    value = value.substr(1, value.size() - 2);
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escapes = value[i] == '\\' && i + 1 < value.size() &&
                             (value[i + 1] == '"' || value[i + 1] == '\\');
        if (escapes) ++i;
        out += value[i];
    }
    return out;
}

}  // namespace

RuleSet default_rules() {
    RuleSet rules;
    PromoteRule information;
    information.name = "information is only recorded";
    information.match = {{"severity", Matcher::Op::equal, "info"}};
    information.open = false;
    PromoteRule problems;
    problems.name = "critical and warnings";
    rules.promote = {std::move(information), std::move(problems)};
    rules.version = version_of(rules);
    return rules;
}

std::int64_t version_of(const RuleSet& rules) {
    std::string canonical = "rules/1;";
    put(canonical, rules.reopen_window.count());
    put(canonical, rules.alert_retention.count());
    for (const auto& rule : rules.promote) {
        put(canonical, rule.name);
        put(canonical, static_cast<std::int64_t>(rule.match.size()));
        for (const auto& matcher : rule.match) {
            put(canonical, matcher.field);
            put(canonical, static_cast<std::int64_t>(matcher.op));
            put(canonical, matcher.value);
        }
        put(canonical, rule.open ? 1 : 0);
        put(canonical, static_cast<std::int64_t>(rule.impact));
        put(canonical, rule.category);
        put(canonical, rule.assignment_group);
        put(canonical, rule.resolve_taken_over ? 1 : 0);
    }
    return static_cast<std::int64_t>(fnv1a(canonical));
}

Result<Matcher> parse_matcher(std::string_view text) {
    const auto at = text.find_first_of("=!");
    if (at == std::string_view::npos) {
        return bad_matcher(text, "expected field, one of = != =~ !~, and a value");
    }
    Matcher matcher;
    matcher.field = std::string(trim(text.substr(0, at)));
    if (matcher.field.empty()) return bad_matcher(text, "the field is missing");
    const auto two = text.substr(at, 2);
    std::size_t length = 2;
    if (two == "=~") {
        matcher.op = Matcher::Op::regex;
    } else if (two == "!~") {
        matcher.op = Matcher::Op::not_regex;
    } else if (two == "!=") {
        matcher.op = Matcher::Op::not_equal;
    } else if (two.front() == '=') {
        length = two == "==" ? 2 : 1;
    } else {
        return bad_matcher(text, "expected one of = != =~ !~");
    }
    auto value = unquote(text, trim(text.substr(at + length)));
    if (!value) return std::move(value).error();
    matcher.value = std::move(value).value();
    return matcher;
}

const char* to_string(Matcher::Op op) {
    switch (op) {
        case Matcher::Op::equal: return "=";
        case Matcher::Op::not_equal: return "!=";
        case Matcher::Op::regex: return "=~";
        case Matcher::Op::not_regex: return "!~";
    }
    return "?";
}

std::string to_string(const Matcher& matcher) {
    std::string out = matcher.field + to_string(matcher.op) + '"';
    for (const char c : matcher.value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace gantry::correlator
