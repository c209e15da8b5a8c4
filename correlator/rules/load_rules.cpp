#include "correlator/rules/load_rules.hpp"

#include <set>
#include <utility>

#include "core/settings/reader.hpp"
#include "correlator/rules/compiled_rules.hpp"

namespace gantry::correlator {
namespace {

using settings::Section;

constexpr std::size_t k_max_name_bytes = 255;

void read_matchers(Section& section, PromoteRule& rule) {
    std::vector<std::string> texts;
    section.texts("match", texts, k_max_matchers_per_rule);
    for (const auto& text : texts) {
        auto matcher = parse_matcher(text);
        if (!matcher) {
            section.problem("match", "has a bad " + matcher.error().message);
            continue;
        }
        RuleSet alone;
        alone.promote.push_back({});
        alone.promote.front().name = "this rule";
        alone.promote.front().match = {*matcher};
        if (auto compiles = check_rules(alone); !compiles) {
            section.problem("match", "is not usable: " + compiles.error().message);
            continue;
        }
        rule.match.push_back(std::move(matcher).value());
    }
}

PromoteRule read_promote_rule(Section& section, std::set<std::string>& names) {
    PromoteRule rule;
    section.require("name");
    section.text("name", rule.name, k_max_name_bytes);
    if (section.has("name") && rule.name.empty()) section.problem("name", "must not be empty");
    if (!rule.name.empty() && !names.insert(rule.name).second) {
        section.problem("name", "is used twice: \"" + rule.name + "\"");
    }
    read_matchers(section, rule);
    section.flag("open", rule.open);
    section.word<Level>("impact", rule.impact,
                        {{"high", Level::high}, {"medium", Level::medium}, {"low", Level::low}});
    section.text("category", rule.category, k_max_name_bytes);
    section.text("assignment_group", rule.assignment_group, k_max_name_bytes);
    section.flag("resolve_taken_over", rule.resolve_taken_over);
    return rule;
}

}  // namespace

Result<RuleSet> read_rules(settings::Document& document) {
    auto out = default_rules();
    const auto read = document.read([&](Section& root) {
        root.duration("reopen_window", out.reopen_window, {Millis{0}, k_max_reopen_window});
        root.duration("alert_retention", out.alert_retention,
                      {k_min_alert_retention, k_max_alert_retention});
        if (out.alert_retention < out.reopen_window) {
            root.problem("alert_retention", "must not be shorter than reopen_window");
        }
        std::set<std::string> names;
        std::vector<PromoteRule> promote;
        root.each(
            "promote",
            [&](Section& section) { promote.push_back(read_promote_rule(section, names)); },
            k_max_promote_rules);
        if (root.has("promote")) out.promote = std::move(promote);
    });
    if (!read) return read.error();
    out.version = version_of(out);
    return out;
}

Result<RuleSet> load_rules(const std::string& path) {
    auto document = settings::Document::load(path);
    if (!document) return std::move(document).error();
    return read_rules(*document);
}

Result<RuleSet> parse_rules(std::string_view yaml, std::string name) {
    auto document = settings::Document::parse(yaml, std::move(name));
    if (!document) return std::move(document).error();
    return read_rules(*document);
}

}  // namespace gantry::correlator
