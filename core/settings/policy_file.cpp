#include "core/settings/policy_file.hpp"

#include <set>

#include "core/model/policy_rules.hpp"

namespace gantry::settings {
namespace {

constexpr double k_huge = 1e18;

void read_seconds(Section& section, std::string_view key, Millis& out, Range<std::int64_t> range) {
    std::int64_t seconds = out.count() / 1000;
    section.number(key, seconds, range);
    out = Millis{seconds * 1000};
}

void read_thresholds(Section& section, Threshold& out) {
    const Range<double> any{-k_huge, k_huge};
    section.real("warning", out.warning, any);
    section.real("critical", out.critical, any);
    section.real("clear_warning", out.clear_warning, any);
    section.real("clear_critical", out.clear_critical, any);
    section.flag("below", out.below);
}

CheckPolicy read_check(Section& section, Millis interval) {
    CheckPolicy check;
    check.every = interval;
    section.require("id");
    section.require("probe");
    section.text("id", check.id);
    std::vector<std::pair<std::string, std::string>> probes;
    for (const std::string& name : probe_names()) probes.emplace_back(name, name);
    section.word("probe", check.probe, probes);
    section.text("metric", check.metric);
    read_thresholds(section, check.threshold);
    read_seconds(section, "every_s", check.every, {1, 86'400});
    read_seconds(section, "for_s", check.hold_for, {0, 86'400});
    section.number("needed", check.needed, {1, 100});
    section.number("window", check.window, {1, 100});
    section.flag("enabled", check.enabled);
    section.texts("include", check.include);
    section.texts("exclude", check.exclude);
    section.texts("command", check.command, 64);
    read_seconds(section, "timeout_s", check.timeout, {1, 600});
    // What could not be read was said already.
    const auto rules = check.probe.empty() ? PolicyRules::runner : PolicyRules::author;
    for (const PolicyFault& fault : faults_of(check, rules)) {
        if (fault.key != "id" || section.has("id")) section.problem(fault.key, fault.what);
    }
    return check;
}

}  // namespace

Result<Policy> read_policy(Document& document) {
    Policy policy;
    std::set<std::string> ids;
    const auto read = document.read([&](Section& root) {
        root.require("name");
        root.text("name", policy.name, 100);
        read_seconds(root, "interval_s", policy.interval, {1, 86'400});
        root.each(
            "checks",
            [&](Section& section) {
                CheckPolicy check = read_check(section, policy.interval);
                if (!check.id.empty() && !ids.insert(check.id).second) {
                    section.problem("id", "stands twice in this policy: \"" + check.id + "\"");
                }
                policy.checks.push_back(std::move(check));
            },
            k_max_policy_checks);
    });
    if (!read) return read.error();
    return policy;
}

Result<Policy> load_policy(const std::string& path) {
    auto document = Document::load(path);
    if (!document) return document.error();
    return read_policy(*document);
}

}  // namespace gantry::settings
