#include "core/async/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace gantry {
namespace asio = boost::asio;

struct TaskGroup::State {
    explicit State(const asio::any_io_executor& executor)
        : emptied(executor, asio::steady_timer::time_point::max()) {}
    std::size_t running = 0;
    asio::steady_timer emptied;  // cancelled when nothing runs
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)), state_(std::make_shared<State>(executor_)) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(asio::awaitable<void> task) {
    ++state_->running;
    asio::co_spawn(executor_, std::move(task), [state = state_](const std::exception_ptr& thrown) {
        if (--state->running == 0) state->emptied.cancel();
        if (thrown) std::rethrow_exception(thrown);
    });
}

std::size_t TaskGroup::running() const { return state_->running; }

asio::awaitable<void> TaskGroup::join() {
    const std::shared_ptr<State> state = state_;
    boost::system::error_code ignored;
    while (state->running > 0) {
        co_await state->emptied.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace gantry
