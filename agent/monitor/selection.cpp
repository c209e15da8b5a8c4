#include "agent/monitor/selection.hpp"

#include <algorithm>

#include "agent/checks/glob.hpp"

namespace gantry::agent {
namespace {

// A process check's instances are its own patterns, so they are compared as they are written.
bool is_instance_of(const CheckPolicy& check, const std::string& instance) {
    if (check.probe == "process") {
        return std::find(check.include.begin(), check.include.end(), instance) !=
               check.include.end();
    }
    if (instance.empty()) return true;
    if (check.probe != "unit") return is_selected(instance, check.include, check.exclude);
    // "nginx" in a policy means the service of that name.
    std::vector<std::string> include = check.include;
    for (const std::string& name : check.include) {
        if (name.find('.') == std::string::npos) include.push_back(name + ".service");
    }
    return is_selected(instance, include, check.exclude);
}

bool is_judged_by(const CheckPolicy& check, const Reading& reading) {
    return reading.name == effective_metric(check) && is_instance_of(check, reading.instance);
}

}  // namespace

Look look_of(const CheckPolicy& check, const Result<Measurement>& measured) {
    Look out;
    if (!measured) {
        out.failure = measured.error().message;
        return out;
    }
    const std::string metric = effective_metric(check);
    if (check.probe != "plugin" && find_metric(check.probe, metric) == nullptr) {
        out.failure = "this agent's probe " + check.probe + " has no metric " + metric;
        return out;
    }
    for (const PluginVerdict& verdict : measured->verdict) {
        Observation& seen = out.instances[""];
        seen.verdict = verdict.condition;
        seen.reason = verdict.text;
    }
    if (!measured->verdict.empty()) return out;
    for (const Reading& reading : measured->readings) {
        if (is_judged_by(check, reading)) out.instances[reading.instance].value = reading.value;
    }
    for (const Gap& gap : measured->gaps) {
        if (is_instance_of(check, gap.instance)) out.instances[gap.instance].reason = gap.reason;
    }
    return out;
}

void append_samples(const std::vector<CheckPolicy>& checks, const Measurement& measured,
                    std::vector<Reading>& out) {
    const bool is_plugin = !measured.verdict.empty();
    for (const Reading& reading : measured.readings) {
        const bool wanted =
            std::any_of(checks.begin(), checks.end(),
                        [&](const CheckPolicy& check) { return is_judged_by(check, reading); });
        if (is_plugin) {
            out.push_back({reading.name, checks.front().id, reading.value});
        } else if (wanted) {
            out.push_back(reading);
        }
    }
}

std::vector<ProbeGroup> group_by_probe(const Policy& policy) {
    std::vector<ProbeGroup> out;
    for (const CheckPolicy& check : policy.checks) {
        if (!check.enabled) continue;
        const auto same = std::find_if(out.begin(), out.end(), [&](const ProbeGroup& group) {
            return group.checks.front().probe == check.probe && check.probe != "plugin";
        });
        if (same == out.end()) {
            out.push_back(ProbeGroup{{check}});
        } else {
            same->checks.push_back(check);
        }
    }
    return out;
}

}  // namespace gantry::agent
