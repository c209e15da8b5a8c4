#include "agent/checks/evaluator.hpp"

#include <algorithm>

#include "agent/checks/wording.hpp"
#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

constexpr std::size_t k_max_name_bytes = 255;
constexpr std::size_t k_max_summary_bytes = 512;
constexpr std::size_t k_full_state_summary_bytes = 128;

CheckState resolved(const std::string& check, const std::string& instance, Condition from,
                    const std::string& reason) {
    CheckState out;
    out.check = check;
    out.instance = instance;
    out.condition = Condition::ok;
    out.previous = from;
    out.summary = (instance.empty() ? check : check + " " + instance) + ": " + reason;
    out.evidence = {{"reason", reason}};
    return out;
}

}  // namespace

Evaluator::Evaluator(const std::map<std::pair<std::string, std::string>, Standing>& standings) {
    for (const auto& [key, standing] : standings) {
        CheckMemory& memory = checks_[key.first][key.second].memory;
        memory.blind = standing.told == Condition::unknown;
        memory.known = standing.judged;
    }
}

CheckState Evaluator::state_of(const CheckPolicy& check, const std::string& instance,
                               const Observation& seen, const Transition& change) const {
    CheckState out;
    out.check = check.id;
    out.instance = instance;
    out.condition = change.to;
    out.previous = change.from;
    out.summary =
        truncate_utf8(sanitise(summarise(check, instance, change.to, seen)), k_max_summary_bytes);
    const Threshold threshold = effective_threshold(check);
    const std::string metric = effective_metric(check);
    const auto add_limit = [&](const char* name, const std::optional<double>& limit) {
        if (limit) out.evidence.emplace_back(name, format_value(metric, *limit));
    };
    if (seen.value) {
        out.evidence.emplace_back("metric", metric);
        out.evidence.emplace_back("value", format_value(metric, *seen.value));
        add_limit("critical_limit", threshold.critical);
        add_limit("warning_limit", threshold.warning);
    }
    if (change.to == Condition::unknown) out.evidence.emplace_back("reason", seen.reason);
    return out;
}

std::vector<CheckState> Evaluator::take(const CheckPolicy& check, const Look& look, Millis now) {
    std::vector<CheckState> out;
    Instances& known = checks_[check.id];
    std::map<std::string, Observation> seen = look.instances;
    if (!look.failure.empty()) {
        Observation miss;
        miss.reason = look.failure;
        seen.clear();
        if (known.empty()) seen[""] = miss;
        for (const auto& [instance, entry] : known) seen[instance] = miss;
    }
    for (auto at = known.begin(); at != known.end();) {
        if (seen.contains(at->first)) {
            ++at;
            continue;
        }
        const Condition reported = at->second.memory.reported();
        if (reported != Condition::ok) {
            out.push_back(resolved(check.id, at->first, reported, "vanished"));
        }
        at = known.erase(at);
    }
    std::size_t& ignored = ignored_[check.id];
    ignored = 0;
    std::size_t all = 0;
    for (const auto& [id, instances] : checks_) all += instances.size();
    for (const auto& [instance, observation] : seen) {
        const bool is_new = !known.contains(instance);
        const bool is_full = known.size() >= k_max_instances || all >= k_max_all_instances;
        if (instance.size() > k_max_name_bytes || (is_new && is_full)) {
            ++ignored;
            continue;
        }
        if (is_new) ++all;
        Entry& entry = known[instance];
        const auto change = judge(check, observation, now, entry.memory);
        if (!change) continue;
        out.push_back(state_of(check, instance, observation, *change));
        entry.summary = change->to == Condition::ok
                            ? std::string()
                            : truncate_utf8(out.back().summary, k_full_state_summary_bytes);
    }
    return out;
}

std::vector<CheckState> Evaluator::use(const Policy& policy) {
    std::vector<CheckState> out;
    std::erase_if(checks_, [&](const auto& item) {
        const auto found = std::find_if(
            policy.checks.begin(), policy.checks.end(),
            [&](const CheckPolicy& check) { return check.enabled && check.id == item.first; });
        if (found != policy.checks.end()) return false;
        for (const auto& [instance, entry] : item.second) {
            const Condition reported = entry.memory.reported();
            if (reported != Condition::ok) {
                out.push_back(resolved(item.first, instance, reported, "no longer in the policy"));
            }
        }
        return true;
    });
    return out;
}

std::size_t Evaluator::ignored_instances() const {
    std::size_t out = 0;
    for (const auto& [check, count] : ignored_) out += count;
    return out;
}

bool Evaluator::knows(const std::string& check) const {
    const auto found = checks_.find(check);
    return found != checks_.end() && !found->second.empty();
}

bool Evaluator::all_judged(const std::string& check) const {
    const auto found = checks_.find(check);
    return found == checks_.end() ||
           std::all_of(found->second.begin(), found->second.end(),
                       [](const auto& item) { return item.second.memory.judged(); });
}

std::vector<CheckState> Evaluator::full_state() const {
    std::vector<CheckState> out;
    for (const auto& [check, instances] : checks_) {
        for (const auto& [instance, entry] : instances) {
            CheckState& state = out.emplace_back();
            state.check = check;
            state.instance = instance;
            state.condition = entry.memory.reported();
            state.previous = state.condition;
            state.summary = entry.summary;
        }
    }
    return out;
}

}  // namespace gantry::agent
