// Worker: one named thread for blocking work (SQL, curl) behind an awaitable door. run() executes
// `job` on the thread and resumes the caller on its own executor with the result.
//
// Bounded: run() answers nothing special when full; `max_waiting` jobs wait, further callers get
// limit. Jobs must not throw. The destructor finishes the job under way, drops none that was
// accepted, and joins.
//
// GCC 12: make the job a named local, then `co_await worker.run(std::move(job))`.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/result.hpp"

namespace gantry {

class Worker {
public:
    explicit Worker(std::string name, std::size_t threads = 1, std::size_t max_waiting = 10'000);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // REQUIRES: `job` returns a Result<T>.
    template <class Job>
    boost::asio::awaitable<std::invoke_result_t<Job&>> run(Job job) {
        using Answer = std::invoke_result_t<Job&>;
        if (waiting_.fetch_add(1) >= max_waiting_) {
            waiting_.fetch_sub(1);
            co_return Answer(fail(ErrorCode::limit, name_ + ": too many jobs wait"));
        }
        const auto caller = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(pool_.get_executor(), boost::asio::use_awaitable);
        Answer answer = job();
        waiting_.fetch_sub(1);
        co_await boost::asio::post(caller, boost::asio::use_awaitable);
        co_return answer;
    }

    void join();  // waits for all accepted jobs; further ones are not run

private:
    std::string name_;
    std::size_t max_waiting_;
    std::atomic<std::size_t> waiting_{0};
    boost::asio::thread_pool pool_;
};

}  // namespace gantry
