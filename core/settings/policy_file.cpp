#include "core/settings/policy_file.hpp"

#include <algorithm>
#include <set>

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

// A clear threshold beyond its limit would let a check flap on every reading.
void judge_thresholds(Section& section, const Threshold& t) {
    const char* const side = t.below ? "below" : "above";
    const auto past = [&](double a, double b) { return t.below ? a < b : a > b; };
    if (t.warning && t.critical && past(*t.warning, *t.critical)) {
        section.problem("warning", std::string("must not lie ") + side + " \"critical\"");
    }
    if (t.warning && t.clear_warning && past(*t.clear_warning, *t.warning)) {
        section.problem("clear_warning", std::string("must not lie ") + side + " \"warning\"");
    }
    if (t.critical && t.clear_critical && past(*t.clear_critical, *t.critical)) {
        section.problem("clear_critical", std::string("must not lie ") + side + " \"critical\"");
    }
}

void judge_check(Section& section, const CheckPolicy& check) {
    judge_thresholds(section, check.threshold);
    if (check.needed > check.window) {
        section.problem("needed",
                        "must not be larger than \"window\", " + std::to_string(check.window));
    }
    if (check.probe == "plugin" && check.command.empty()) {
        section.problem("command", "is needed by a check of the probe \"plugin\"");
    }
    if (check.probe != "plugin" && !check.command.empty()) {
        section.problem("command", "is only for the probe \"plugin\"");
    }
}

CheckPolicy read_check(Section& section) {
    CheckPolicy check;
    section.require("id");
    section.require("probe");
    section.text("id", check.id, 100);
    std::vector<std::pair<std::string, std::string>> probes;
    for (const std::string& name : probe_names()) probes.emplace_back(name, name);
    section.word("probe", check.probe, probes);
    section.text("metric", check.metric, 200);
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
    judge_check(section, check);
    return check;
}

}  // namespace

const std::vector<std::string>& probe_names() {
    static const std::vector<std::string> names{"cpu",        "memory",  "swap",    "load",
                                                "filesystem", "disk_io", "network", "uptime",
                                                "unit",       "process", "plugin"};
    return names;
}

Result<Policy> read_policy(Document& document) {
    Policy policy;
    std::set<std::string> ids;
    const auto read = document.read([&](Section& root) {
        root.require("name");
        root.text("name", policy.name, 100);
        read_seconds(root, "interval_s", policy.interval, {1, 86'400});
        root.each("checks", [&](Section& section) {
            CheckPolicy check = read_check(section);
            if (!check.id.empty() && !ids.insert(check.id).second) {
                section.problem("id", "stands twice in this policy: \"" + check.id + "\"");
            }
            policy.checks.push_back(std::move(check));
        });
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
