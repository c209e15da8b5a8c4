#include "agent/checks/check.hpp"

#include <algorithm>

namespace gantry::agent {
namespace {

bool passes(double value, std::optional<double> limit, bool below) {
    if (!limit) return false;
    return below ? value < *limit : value >= *limit;
}

// A raised condition stays until the value is past the clear threshold.
bool holds(double value, std::optional<double> limit, std::optional<double> clear, bool below) {
    return passes(value, clear ? clear : limit, below);
}

// The worst level that at least `needed` of the last looks reach.
Condition target_of(const std::vector<Condition>& levels, int needed) {
    for (const Condition wanted : {Condition::critical, Condition::warning}) {
        const auto reached = std::count_if(levels.begin(), levels.end(),
                                           [wanted](Condition level) { return level >= wanted; });
        if (reached >= needed) return wanted;
    }
    return Condition::ok;
}

void note_since(std::optional<Millis>& since, bool reached, Millis now) {
    if (!reached) {
        since.reset();
    } else if (!since) {
        since = now;
    }
}

bool lasted(const std::optional<Millis>& since, Millis hold_for, Millis now) {
    return since && now - *since >= hold_for;
}

Condition next_condition(const CheckPolicy& check, Condition target, Millis now,
                         CheckMemory& memory) {
    note_since(memory.warning_since, target >= Condition::warning, now);
    note_since(memory.critical_since, target >= Condition::critical, now);
    if (target <= memory.known) return target;
    if (lasted(memory.critical_since, check.hold_for, now)) return Condition::critical;
    if (lasted(memory.warning_since, check.hold_for, now)) {
        return std::max(memory.known, Condition::warning);
    }
    return memory.known;
}

std::optional<Transition> miss(CheckMemory& memory) {
    memory.missed = std::min(memory.missed + 1, k_unknown_after);
    if (memory.missed < k_unknown_after || memory.blind) return std::nullopt;
    memory.blind = true;
    return Transition{memory.known, Condition::unknown};
}

// Looks of before the first one here (a restart, a wider window by policy) stand as what they made
// known: with an empty past, M - N more readings would be taken for good ones.
void remember_level(const CheckPolicy& check, Condition level, CheckMemory& memory) {
    const auto window = static_cast<std::size_t>(std::clamp(check.window, 1, 100));
    std::vector<Condition>& levels = memory.levels;
    levels.push_back(level);
    if (levels.size() < window) {
        levels.insert(levels.begin(), window - levels.size(), memory.known);
    } else {
        levels.erase(levels.begin(), levels.end() - static_cast<std::ptrdiff_t>(window));
    }
}

}  // namespace

Condition level_of(const Threshold& threshold, double value, Condition present) {
    const bool below = threshold.below;
    if (passes(value, threshold.critical, below)) return Condition::critical;
    if (present == Condition::critical && threshold.critical &&
        holds(value, threshold.critical, threshold.clear_critical, below)) {
        return Condition::critical;
    }
    if (passes(value, threshold.warning, below)) return Condition::warning;
    if (present != Condition::ok && threshold.warning &&
        holds(value, threshold.warning, threshold.clear_warning, below)) {
        return Condition::warning;
    }
    return Condition::ok;
}

std::optional<Transition> judge(const CheckPolicy& check, const Observation& seen, Millis now,
                                CheckMemory& memory) {
    const bool plugin_knows = seen.verdict && *seen.verdict != Condition::unknown;
    if (!plugin_knows && (seen.verdict || !seen.value)) return miss(memory);
    memory.missed = 0;
    const Condition level = plugin_knows
                                ? *seen.verdict
                                : level_of(effective_threshold(check), *seen.value, memory.known);
    remember_level(check, level, memory);
    const Condition target = target_of(memory.levels, std::max(check.needed, 1));
    const Condition from = memory.reported();
    memory.known = next_condition(check, target, now, memory);
    memory.blind = false;
    if (memory.known == from) return std::nullopt;
    return Transition{from, memory.known};
}

Threshold effective_threshold(const CheckPolicy& check) {
    const Threshold& given = check.threshold;
    if (given.warning || given.critical) return given;
    Threshold out;
    out.critical = 1;
    if (check.probe == "unit" && check.include.empty()) return out;  // counts failed ones
    if (check.probe != "process" && check.probe != "unit") return given;
    out.below = true;
    return out;
}

}  // namespace gantry::agent
