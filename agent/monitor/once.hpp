// One look at everything that a policy checks, without history: `for` and N of M do not apply. For
// people at a terminal and for scripts (gantry-agent check --once).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "agent/probes/probe.hpp"
#include "core/model/policy.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

struct OnceRow {
    std::string check;
    std::string instance;
    Condition condition = Condition::ok;
    std::string summary;
};

// In the policy's order, instances by name. Rates are taken over one second.
boost::asio::awaitable<std::vector<OnceRow>> look_once(boost::asio::any_io_executor executor,
                                                       Platform platform, const Clock* clock,
                                                       Policy policy);
// critical before unknown before warning before ok: what a script should act on first.
[[nodiscard]] Condition worst_of(const std::vector<OnceRow>& rows);

}  // namespace gantry::agent
