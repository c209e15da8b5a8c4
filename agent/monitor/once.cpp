#include "agent/monitor/once.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "agent/checks/wording.hpp"
#include "agent/monitor/selection.hpp"
#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;

Condition condition_of(const CheckPolicy& check, const Observation& seen) {
    if (seen.verdict) return *seen.verdict;
    if (!seen.value) return Condition::unknown;
    return level_of(effective_threshold(check), *seen.value, Condition::ok);
}

void append_rows(const CheckPolicy& check, const Result<Measurement>& measured,
                 std::vector<OnceRow>& out) {
    Look look = look_of(check, measured);
    if (!look.failure.empty()) look.instances[""].reason = look.failure;
    for (const auto& [instance, seen] : look.instances) {
        OnceRow& row = out.emplace_back();
        row.check = check.id;
        row.instance = instance;
        row.condition = condition_of(check, seen);
        row.summary = truncate_utf8(sanitise(summarise(check, instance, row.condition, seen)), 512);
    }
}

}  // namespace

asio::awaitable<std::vector<OnceRow>> look_once(asio::any_io_executor executor, Platform platform,
                                                const Clock* clock, Policy policy) {
    std::map<std::string, std::vector<OnceRow>> by_check;
    std::vector<std::pair<ProbeGroup, std::unique_ptr<Probe>>> groups;
    const Commons commons;
    bool needs_rates = false;
    for (ProbeGroup& group : group_by_probe(policy)) {
        auto probe = make_probe(platform, *clock, executor, commons, group.checks);
        const std::string& name = probe->name();
        if (name == "cpu" || name == "disk_io" || name == "network") {
            needs_rates = true;
            (void)co_await probe->read();
        }
        groups.emplace_back(std::move(group), std::move(probe));
    }
    if (needs_rates) {
        asio::steady_timer timer(executor, std::chrono::seconds(1));
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    for (auto& [group, probe] : groups) {
        const Result<Measurement> measured = co_await probe->read();
        for (const CheckPolicy& check : group.checks) {
            append_rows(check, measured, by_check[check.id]);
        }
    }
    std::vector<OnceRow> out;
    for (const CheckPolicy& check : policy.checks) {
        const std::vector<OnceRow>& rows = by_check[check.id];
        out.insert(out.end(), rows.begin(), rows.end());
    }
    co_return out;
}

Condition worst_of(const std::vector<OnceRow>& rows) {
    const auto has = [&](Condition wanted) {
        return std::any_of(rows.begin(), rows.end(),
                           [wanted](const OnceRow& row) { return row.condition == wanted; });
    };
    for (const Condition wanted : {Condition::critical, Condition::unknown, Condition::warning}) {
        if (has(wanted)) return wanted;
    }
    return Condition::ok;
}

}  // namespace gantry::agent
