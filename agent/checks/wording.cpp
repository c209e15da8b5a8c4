#include "agent/checks/wording.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "agent/checks/evaluator.hpp"

namespace gantry::agent {
namespace {

enum class Unit { number, percent, seconds, per_second, bytes_per_second };

struct Wording {
    std::string_view metric;
    std::string_view subject;  // "%" is replaced by the instance
    std::string_view suffix;
    Unit unit;
};

// In the words a technician would use; anything else is "<metric> <instance> is <value>".
constexpr std::array k_wordings{
    Wording{"system.cpu.utilization", "CPU use", "", Unit::percent},
    Wording{"system.memory.utilization", "memory use", "", Unit::percent},
    Wording{"system.paging.utilization", "swap use", "", Unit::percent},
    Wording{"system.cpu.load_average.1m", "load (1 min)", "", Unit::number},
    Wording{"system.cpu.load_average.5m", "load (5 min)", "", Unit::number},
    Wording{"system.cpu.load_average.15m", "load (15 min)", "", Unit::number},
    Wording{"system.cpu.load_average.1m.per_cpu", "load per CPU (1 min)", "", Unit::number},
    Wording{"system.cpu.load_average.5m.per_cpu", "load per CPU (5 min)", "", Unit::number},
    Wording{"system.cpu.load_average.15m.per_cpu", "load per CPU (15 min)", "", Unit::number},
    Wording{"system.filesystem.utilization", "%", " full", Unit::percent},
    Wording{"system.filesystem.inodes.utilization", "inode use of %", "", Unit::percent},
    Wording{"system.filesystem.read_only", "% read-only", "", Unit::number},
    Wording{"system.disk.io_utilization", "disk %", " busy", Unit::percent},
    Wording{"system.uptime", "uptime", "", Unit::seconds},
    Wording{"system.network.io.receive", "receive rate of %", "", Unit::bytes_per_second},
    Wording{"system.network.io.transmit", "transmit rate of %", "", Unit::bytes_per_second},
    Wording{"system.network.errors", "error rate of %", "", Unit::per_second},
    Wording{"system.network.dropped", "dropped packet rate of %", "", Unit::per_second},
    Wording{"systemd.units.failed", "number of failed units", "", Unit::number},
};

const Wording* find_wording(std::string_view metric) {
    for (const Wording& wording : k_wordings) {
        if (wording.metric == metric) return &wording;
    }
    return nullptr;
}

Unit unit_of(std::string_view metric) {
    if (const Wording* wording = find_wording(metric)) return wording->unit;
    return metric.ends_with("utilization") ? Unit::percent : Unit::number;
}

std::string number_text(double value) {
    char out[48];
    const bool whole = std::fabs(value - std::round(value)) < 0.005 || std::fabs(value) >= 1000;
    std::snprintf(out, sizeof out, whole ? "%.0f" : "%.2f", value);
    return out;
}

std::string percent_text(double ratio) {
    char out[48];
    const double percent = ratio * 100;
    const bool whole = std::fabs(percent - std::round(percent)) < 0.05;
    std::snprintf(out, sizeof out, whole ? "%.0f %%" : "%.1f %%", percent);
    return out;
}

std::string duration_text(double seconds) {
    const auto s = static_cast<long long>(seconds);
    char out[64];
    if (s >= 86'400) {
        std::snprintf(out, sizeof out, "%lld d %lld h", s / 86'400, s % 86'400 / 3600);
    } else if (s >= 3600) {
        std::snprintf(out, sizeof out, "%lld h %lld min", s / 3600, s % 3600 / 60);
    } else if (s >= 60) {
        std::snprintf(out, sizeof out, "%lld min %lld s", s / 60, s % 60);
    } else {
        std::snprintf(out, sizeof out, "%lld s", s);
    }
    return out;
}

std::string subject_of(const CheckPolicy& check, const std::string& instance) {
    if (check.probe == "unit" && !instance.empty()) return "unit " + instance;
    if (check.probe == "process" && !instance.empty()) return "process " + instance;
    const std::string metric = effective_metric(check);
    const Wording* wording = find_wording(metric);
    if (wording == nullptr) {
        const std::string name = metric.empty() ? check.id : metric;
        return instance.empty() ? name : name + " " + instance;
    }
    std::string out;
    for (const char c : wording->subject) {
        if (c == '%') {
            out += instance;
        } else {
            out += c;
        }
    }
    return out;
}

std::string limit_text(const CheckPolicy& check, Condition to) {
    const Threshold threshold = effective_threshold(check);
    const auto& limit = to == Condition::critical ? threshold.critical : threshold.warning;
    if (!limit || (to != Condition::critical && to != Condition::warning)) return {};
    return std::string(" (") + to_string(to) + (threshold.below ? " below " : " at ") +
           format_value(effective_metric(check), *limit) + ")";
}

std::string presence_text(const CheckPolicy& check, const std::string& instance, double value) {
    const std::string subject = subject_of(check, instance);
    if (check.probe == "unit") return subject + (value >= 1 ? " is active" : " is not active");
    if (value < 1) return subject + " is not running";
    return subject + " runs " + number_text(value) + (value < 2 ? " time" : " times");
}

}  // namespace

std::string format_value(const std::string& metric, double value) {
    switch (unit_of(metric)) {
        case Unit::percent: return percent_text(value);
        case Unit::seconds: return duration_text(value);
        case Unit::per_second: return number_text(value) + "/s";
        case Unit::bytes_per_second: return number_text(value) + " B/s";
        case Unit::number: return number_text(value);
    }
    return number_text(value);
}

std::string summarise(const CheckPolicy& check, const std::string& instance, Condition to,
                      const Observation& seen) {
    if (to == Condition::unknown || !seen.value) {
        const std::string state = to == Condition::unknown ? " cannot be judged" : "";
        const std::string reason = seen.reason.empty() ? "" : ": " + seen.reason;
        return subject_of(check, instance) + state + reason;
    }
    const bool is_presence =
        (check.probe == "unit" || check.probe == "process") && !instance.empty();
    if (is_presence) return presence_text(check, instance, *seen.value);
    const std::string metric = effective_metric(check);
    const Wording* wording = find_wording(metric);
    return subject_of(check, instance) + " is " + format_value(metric, *seen.value) +
           std::string(wording != nullptr ? wording->suffix : "") + limit_text(check, to);
}

}  // namespace gantry::agent
