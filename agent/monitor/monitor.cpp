#include "agent/monitor/monitor.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;

constexpr std::size_t k_max_unsaved = 1000;
constexpr std::size_t k_max_sample_readings = 500;
constexpr std::size_t k_max_evidence = 24;
constexpr std::size_t k_max_evidence_bytes = 2048;
// Rates need two looks; the second follows soon, so that the first judgement does.
constexpr std::int64_t k_second_look_ms = 1000;

}  // namespace

Monitor::Monitor(asio::any_io_executor executor, MonitorParts parts)
    : executor_(std::move(executor)),
      parts_(std::move(parts)),
      evaluator_(parts_.spool.conditions()),
      timer_(executor_),
      looks_(executor_) {}

std::int64_t Monitor::steady_ms() const {
    return std::chrono::duration_cast<Millis>(parts_.clock.steady_now().time_since_epoch()).count();
}

void Monitor::use(const Policy& policy) {
    for (const GroupPtr& group : groups_) group->retired = true;
    groups_.clear();
    const std::int64_t now = steady_ms();
    for (ProbeGroup& part : group_by_probe(policy)) {
        auto group = std::make_shared<Group>();
        group->probe = make_probe(parts_.platform, parts_.clock, executor_, commons_, part.checks);
        group->checks = std::move(part.checks);
        for (CheckPolicy& check : group->checks) {
            if (parts_.interval.count() > 0) check.every = parts_.interval;
            check.every = std::max(check.every, Millis{200});
        }
        group->due_ms.assign(group->checks.size(), now);
        groups_.push_back(std::move(group));
    }
    save(evaluator_.use(policy));
    timer_.cancel();
}

void Monitor::stop() {
    stopped_ = true;
    timer_.cancel();
    commons_.commands->signal(SIGTERM);
}

void Monitor::kill_plugins() { commons_.commands->signal(SIGKILL); }

void Monitor::request_full_state() { full_state_wanted_ = true; }

std::int64_t Monitor::next_due() const {
    std::int64_t out = steady_ms() + 60'000;
    for (const GroupPtr& group : groups_) {
        for (const std::int64_t due : group->due_ms) out = std::min(out, due);
    }
    return out;
}

asio::awaitable<void> Monitor::run() {
    while (!stopped_) {
        const std::int64_t now = steady_ms();
        start_due(now);
        timer_.expires_after(Millis{std::max<std::int64_t>(next_due() - now, 1)});
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

// Looks that end at once do so inside the loop; held open, they share one sample.
void Monitor::start_due(std::int64_t now) {
    ++open_sampled_;
    bool any = false;
    for (const GroupPtr& group : groups_) {
        std::vector<CheckPolicy> due;
        for (std::size_t i = 0; i < group->checks.size(); ++i) {
            std::int64_t& due_ms = group->due_ms[i];
            if (due_ms > now) continue;
            const std::int64_t every = group->checks[i].every.count();
            const bool first = !group->looked && !group->busy;
            due_ms += std::max<std::int64_t>((now - due_ms) / every + 1, 1) * every;
            if (first) due_ms = now + std::min(k_second_look_ms, every);
            due.push_back(group->checks[i]);
        }
        if (due.empty() || group->busy) continue;  // a look that lasts longer than its interval
        group->busy = true;
        const bool sampled = group->probe->name() != "plugin";
        ++open_looks_;
        if (sampled) ++open_sampled_;
        any = true;
        looks_.spawn(look(group, std::move(due), sampled));
    }
    if (--open_sampled_ == 0 && any) finish_looks();
}

asio::awaitable<void> Monitor::look(GroupPtr group, std::vector<CheckPolicy> due, bool sampled) {
    const Result<Measurement> measured = co_await group->probe->read();
    if (!group->retired && !stopped_) {
        if (measured) append_samples(due, *measured, sample_);
        std::vector<CheckState> transitions;
        const Millis now{steady_ms()};
        for (const CheckPolicy& check : due) {
            auto changed = evaluator_.take(check, look_of(check, measured), now);
            for (CheckState& state : changed) {
                const bool worse = state.condition != Condition::ok;
                if (worse && measured) {
                    std::string metric = effective_metric(check);
                    co_await add_evidence(group->probe.get(), std::move(metric), &state);
                }
                transitions.push_back(std::move(state));
            }
        }
        // A policy that came during the wait has already ended what it lacks.
        if (group->retired) drop_retired(transitions);
        save(std::move(transitions));
    }
    group->looked = true;
    group->busy = false;
    --open_looks_;
    if (sampled && --open_sampled_ == 0) finish_looks();
}

void Monitor::drop_retired(std::vector<CheckState>& transitions) const {
    std::erase_if(transitions, [this](const CheckState& state) {
        const auto has_check = [&](const GroupPtr& group) {
            return std::any_of(group->checks.begin(), group->checks.end(),
                               [&](const CheckPolicy& check) { return check.id == state.check; });
        };
        return std::none_of(groups_.begin(), groups_.end(), has_check);
    });
}

asio::awaitable<void> Monitor::add_evidence(Probe* probe, std::string metric, CheckState* state) {
    std::string instance = state->instance;
    const Labels proof = co_await probe->evidence(std::move(metric), std::move(instance));
    Labels& all = state->evidence;
    for (const auto& [name, value] : proof) {
        if (all.size() >= k_max_evidence) break;
        all.emplace_back(name, truncate_utf8(sanitise(value), k_max_evidence_bytes));
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    all.erase(std::unique(all.begin(), all.end(),
                          [](const auto& a, const auto& b) { return a.first == b.first; }),
              all.end());
}

// What the spool cannot take now waits in memory, bounded; the order stays.
void Monitor::save(std::vector<CheckState> transitions) {
    for (CheckState& state : transitions) {
        std::sort(state.evidence.begin(), state.evidence.end());
        parts_.log.info("condition_changed", {{"check", state.check},
                                              {"instance", state.instance},
                                              {"from", to_string(state.previous)},
                                              {"to", to_string(state.condition)},
                                              {"summary", state.summary}});
        unsaved_.push_back(std::move(state));
    }
    if (unsaved_.empty()) return;
    const std::vector<CheckState> batch(unsaved_.begin(), unsaved_.end());
    if (auto saved = parts_.spool.append_states(batch); !saved) {
        if (!spool_failed_)
            parts_.log.error("spool_unwritable", {{"reason", saved.error().message}});
        spool_failed_ = true;
        std::size_t dropped = 0;
        for (; unsaved_.size() > k_max_unsaved; ++dropped) unsaved_.pop_front();
        if (dropped > 0) {
            full_state_wanted_ = true;
            parts_.log.error("transitions_dropped",
                             {{"count", dropped}, {"reason", "disk failure"}});
        }
        return;
    }
    spool_failed_ = false;
    unsaved_.clear();
    parts_.on_urgent();
}

void Monitor::finish_looks() {
    if (stopped_) return;
    if (!unsaved_.empty()) save({});
    write_sample();
    write_full_state();
}

void Monitor::write_sample() {
    if (sample_.empty()) return;
    if (sample_.size() > k_max_sample_readings) sample_.resize(k_max_sample_readings);
    auto saved = parts_.spool.append_sample(std::move(sample_));
    sample_.clear();
    if (!saved && !spool_failed_) {
        spool_failed_ = true;
        parts_.log.error("spool_unwritable", {{"reason", saved.error().message}});
    }
}

// The server ends what a full state does not list, and what it lists as ok: nothing may be missing
// or ok in it only because it was not judged yet. A rate takes two looks, a gap a few; a plugin may
// take its time, unless its condition is known from before a restart.
bool Monitor::all_judged() const {
    const auto judged = [this](const Group& group, const CheckPolicy& check) {
        const bool known = group.probe->name() == "plugin" && evaluator_.knows(check.id);
        return (group.looked || known) && evaluator_.all_judged(check.id);
    };
    return std::all_of(groups_.begin(), groups_.end(), [&](const GroupPtr& group) {
        return std::all_of(group->checks.begin(), group->checks.end(),
                           [&](const CheckPolicy& check) { return judged(*group, check); });
    });
}

void Monitor::write_full_state() {
    if (!all_judged() || !(full_state_wanted_ || parts_.spool.wants_full_state())) return;
    if (auto saved = parts_.spool.append_full_state(evaluator_.full_state()); !saved) return;
    full_state_wanted_ = false;
    parts_.on_urgent();
}

}  // namespace gantry::agent
