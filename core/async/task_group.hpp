// TaskGroup: the coroutines of one owner. Everything is spawned through one, so that nothing runs
// that nobody waits for, and none ends unseen:
//
//   TaskGroup tasks_{executor};  // the last member: it goes first
//   tasks_.spawn(follow());
//   ...
//   stop();                      // the owner's way to make its coroutines end
//   co_await tasks_.join();
//
// A coroutine that throws is a defect: the exception leaves io_context::run(), which ends the
// program, rather than leaving it without its fold or its listener and looking alive.
//
// Threading: the executor's one thread. Coroutines that outlive the TaskGroup end undisturbed, but
// nobody can wait for them any more.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>

namespace gantry {

class TaskGroup {
public:
    explicit TaskGroup(boost::asio::any_io_executor executor);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(boost::asio::awaitable<void> task);
    [[nodiscard]] std::size_t running() const;
    // Until none runs. One that is spawned meanwhile is waited for as well.
    boost::asio::awaitable<void> join();

private:
    struct State;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<State> state_;
};

}  // namespace gantry
