#include <boost/asio/io_context.hpp>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/monitor/once.hpp"
#include "agent/policy/policy_store.hpp"
#include "app/agent/commands.hpp"
#include "core/async/task_group.hpp"

namespace gantry::app {
namespace {

void print_json(const std::vector<agent::OnceRow>& rows) {
    auto out = nlohmann::ordered_json::array();
    for (const agent::OnceRow& row : rows) {
        out.push_back({{"check", row.check},
                       {"instance", row.instance},
                       {"condition", to_string(row.condition)},
                       {"summary", row.summary}});
    }
    std::cout << out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void print_table(const std::vector<agent::OnceRow>& rows) {
    std::size_t width = 5;
    for (const agent::OnceRow& row : rows) width = std::max(width, row.check.size());
    for (const agent::OnceRow& row : rows) {
        std::cout << std::left << std::setw(9) << to_string(row.condition) << ' '
                  << std::setw(static_cast<int>(width)) << row.check << "  " << row.summary << "\n";
    }
}

boost::asio::awaitable<void> look(boost::asio::io_context* context, const Clock* clock,
                                  Policy policy, std::vector<agent::OnceRow>* out) {
    *out = co_await agent::look_once(context->get_executor(), agent::Platform(), clock,
                                     std::move(policy));
}

}  // namespace

int check_once(const AgentSettings& settings, bool json) {
    const StatePaths paths(settings);
    agent::PolicyStore policies(paths.policy);
    const auto cached = policies.load();
    if (!cached && cached.error().code != ErrorCode::not_found) {
        std::cerr << "gantry-agent: " << cached.error().message << "; built-in policy\n";
    }
    const SystemClock clock;
    boost::asio::io_context context(1);
    std::vector<agent::OnceRow> rows;
    TaskGroup tasks(context.get_executor());
    tasks.spawn(look(&context, &clock, policies.current(), &rows));
    context.run();
    if (json) {
        print_json(rows);
    } else {
        print_table(rows);
    }
    return static_cast<int>(agent::worst_of(rows));
}

}  // namespace gantry::app
