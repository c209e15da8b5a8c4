#include "agent/probes/top_processes.hpp"

#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/probes/process_table.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;
constexpr std::size_t k_count = 3;
constexpr std::chrono::milliseconds k_apart{250};

}  // namespace

asio::awaitable<Labels> TopProcesses::look() {
    if (by_ == By::nothing) co_return Labels{};
    std::vector<ProcessRow> rows = read_process_table(proc_);
    if (by_ == By::memory) co_return top_by_memory(rows, k_count, ::sysconf(_SC_PAGESIZE));
    asio::steady_timer timer(co_await asio::this_coro::executor, k_apart);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const std::vector<ProcessRow> after = read_process_table(proc_);
    const double seconds = std::chrono::duration<double>(k_apart).count();
    co_return top_by_cpu(rows, after, k_count, seconds, ::sysconf(_SC_CLK_TCK));
}

}  // namespace gantry::agent
