#include "core/model/policy_rules.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace gantry {
namespace {

constexpr ProbeMetric k_cpu[]{{"system.cpu.utilization", true}, {"system.cpu.iowait", true}};
constexpr ProbeMetric k_memory[]{
    {"system.memory.utilization", true}, {"system.memory.usage"}, {"system.memory.available"}};
constexpr ProbeMetric k_swap[]{{"system.paging.utilization", true}, {"system.paging.usage"}};
constexpr ProbeMetric k_load[]{
    {"system.cpu.load_average.5m.per_cpu"},  {"system.cpu.load_average.1m.per_cpu"},
    {"system.cpu.load_average.15m.per_cpu"}, {"system.cpu.load_average.1m"},
    {"system.cpu.load_average.5m"},          {"system.cpu.load_average.15m"}};
constexpr ProbeMetric k_filesystem[]{{"system.filesystem.utilization", true},
                                     {"system.filesystem.usage"},
                                     {"system.filesystem.free"},
                                     {"system.filesystem.inodes.utilization", true},
                                     {"system.filesystem.read_only", true}};
constexpr ProbeMetric k_disk_io[]{{"system.disk.io_utilization", true},
                                  {"system.disk.io.read"},
                                  {"system.disk.io.write"},
                                  {"system.disk.operations"}};
constexpr ProbeMetric k_network[]{{"system.network.errors"},
                                  {"system.network.dropped"},
                                  {"system.network.io.receive"},
                                  {"system.network.io.transmit"}};
constexpr ProbeMetric k_uptime[]{{"system.uptime"}};
constexpr ProbeMetric k_unit[]{{"systemd.unit.active", true}, {"systemd.units.failed"}};
constexpr ProbeMetric k_process[]{{"system.process.count"}, {"system.process.total"}};

struct Probe {
    std::string_view name;
    std::span<const ProbeMetric> metrics;
};
constexpr std::array<Probe, 11> k_probes{{{"cpu", k_cpu},
                                          {"memory", k_memory},
                                          {"swap", k_swap},
                                          {"load", k_load},
                                          {"filesystem", k_filesystem},
                                          {"disk_io", k_disk_io},
                                          {"network", k_network},
                                          {"uptime", k_uptime},
                                          {"unit", k_unit},
                                          {"process", k_process},
                                          {"plugin", {}}}};

using Faults = std::vector<PolicyFault>;

std::string quoted(std::string_view text) { return "\"" + truncate_utf8(text, 64) + "\""; }

std::string did_you_mean(std::string_view text, const std::vector<std::string>& known) {
    const auto meant = nearest(text, known);
    return meant ? "; did you mean " + quoted(*meant) + "?" : "";
}

// What an agent cannot run.
void judge_shape(const CheckPolicy& check, Faults& out) {
    if (check.id.empty() || check.id.size() > k_max_check_id_bytes) {
        out.push_back({"id", "must have 1 to 63 bytes"});
    }
    if (check.window < 1 || check.window > 100) out.push_back({"window", "must be from 1 to 100"});
    if (check.needed < 1 || check.needed > check.window) {
        out.push_back({"needed", "must be from 1 to \"window\", " + std::to_string(check.window)});
    }
    if (check.probe == "plugin" && check.command.empty()) {
        out.push_back({"command", "is needed by a check of the probe \"plugin\""});
    }
}

// A clear threshold beyond its limit would let a check flap on every reading.
void judge_thresholds(const Threshold& t, Faults& out) {
    const char* const side = t.below ? "below" : "above";
    const auto past = [&](double a, double b) { return t.below ? a < b : a > b; };
    const auto judge = [&](const char* key, const std::optional<double>& value, const char* bound,
                           const std::optional<double>& limit) {
        if (!value || !limit || !past(*value, *limit)) return;
        out.push_back({key, std::string("must not lie ") + side + " " + quoted(bound)});
    };
    judge("warning", t.warning, "critical", t.critical);
    judge("clear_warning", t.clear_warning, "warning", t.warning);
    judge("clear_critical", t.clear_critical, "critical", t.critical);
}

// 90 for 0.9 never fires.
void judge_ratio(const Threshold& t, Faults& out) {
    const std::pair<const char*, const std::optional<double>&> limits[]{
        {"warning", t.warning},
        {"critical", t.critical},
        {"clear_warning", t.clear_warning},
        {"clear_critical", t.clear_critical}};
    for (const auto& [key, value] : limits) {
        if (value && (*value < 0 || *value > 1)) {
            out.push_back({key, "must be from 0 to 1: the metric is a ratio"});
        }
    }
}

void judge_plugin(const CheckPolicy& check, Faults& out) {
    if (!check.command.empty() && !check.command[0].starts_with("/")) {
        out.push_back({"command", "must begin with an absolute path"});
    }
    if (!check.metric.empty()) {
        out.push_back({"metric", "is not for the probe \"plugin\", which judges itself"});
    }
    for (const auto& [key, value] : {std::pair{"warning", check.threshold.warning},
                                     std::pair{"critical", check.threshold.critical}}) {
        if (value) out.push_back({key, "is not for the probe \"plugin\", which judges itself"});
    }
}

void judge_metric(const CheckPolicy& check, Faults& out) {
    const std::string metric = effective_metric(check);
    const ProbeMetric* const known = find_metric(check.probe, metric);
    if (known == nullptr) {
        std::vector<std::string> names;
        for (const ProbeMetric& one : metrics_of(check.probe)) names.emplace_back(one.name);
        out.push_back({"metric", "must be one of the probe " + quoted(check.probe) + ", not " +
                                     quoted(metric) + did_you_mean(metric, names)});
        return;
    }
    if (known->is_ratio) judge_ratio(check.threshold, out);
    const bool needs_names = metric == "system.process.count" || metric == "systemd.unit.active";
    if (needs_names && check.include.empty()) {
        out.push_back({"include", "is needed by a check of " + quoted(metric)});
    }
}

void judge_sense(const CheckPolicy& check, Faults& out) {
    const auto& names = probe_names();
    if (std::find(names.begin(), names.end(), check.probe) == names.end()) {
        out.push_back({"probe", "must be a probe of the agent, not " + quoted(check.probe) +
                                    did_you_mean(check.probe, names)});
        return;
    }
    if (check.probe == "plugin") {
        judge_plugin(check, out);
    } else {
        judge_metric(check, out);
        if (!check.command.empty()) {
            out.push_back({"command", "is only for the probe \"plugin\""});
        }
    }
    judge_thresholds(check.threshold, out);
    for (const auto& [key, list] :
         {std::pair{"include", &check.include}, std::pair{"exclude", &check.exclude}}) {
        if (list->size() > k_max_check_patterns) {
            out.push_back({key, "must not have more than 256 patterns"});
        }
    }
}

}  // namespace

const std::vector<std::string>& probe_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> out;
        for (const Probe& probe : k_probes) out.emplace_back(probe.name);
        return out;
    }();
    return names;
}

std::span<const ProbeMetric> metrics_of(std::string_view probe) {
    const auto found = std::find_if(k_probes.begin(), k_probes.end(),
                                    [&](const Probe& one) { return one.name == probe; });
    return found == k_probes.end() ? std::span<const ProbeMetric>() : found->metrics;
}

const ProbeMetric* find_metric(std::string_view probe, std::string_view metric) {
    for (const ProbeMetric& one : metrics_of(probe)) {
        if (one.name == metric) return &one;
    }
    return nullptr;
}

std::string effective_metric(const CheckPolicy& check) {
    if (!check.metric.empty()) return check.metric;
    if (check.probe == "unit" && check.include.empty()) return "systemd.units.failed";
    const auto metrics = metrics_of(check.probe);
    return metrics.empty() ? std::string() : std::string(metrics.front().name);
}

std::vector<PolicyFault> faults_of(const CheckPolicy& check, PolicyRules rules) {
    Faults out;
    judge_shape(check, out);
    if (rules == PolicyRules::author) judge_sense(check, out);
    return out;
}

}  // namespace gantry
