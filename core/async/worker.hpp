// Worker: one named thread for blocking work (SQL, curl) behind an awaitable door. run() executes
// `job` on the thread and resumes the caller on its own executor with the result.
//
// Bounded: run() answers nothing special when full; `max_waiting` jobs wait, further callers get
// limit. A job should not throw; one that does (a library, memory) is answered with internal, so
// that its caller never goes on on this thread. The destructor finishes the job under way, drops
// none that was accepted, and joins.
//
// GCC 12: make the job a named local, then `co_await worker.run(std::move(job))`.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <exception>
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
        // Bound to the pool: post(pool, use_awaitable) would go to the pool and come straight back
        // to the executor that is associated with this coroutine, and block it with the job.
        auto on_pool = boost::asio::bind_executor(pool_.get_executor(), boost::asio::use_awaitable);
        co_await boost::asio::post(std::move(on_pool));
        Answer answer = attempt<Answer>(job);
        waiting_.fetch_sub(1);
        co_await boost::asio::post(caller, boost::asio::use_awaitable);
        co_return answer;
    }

    void join();  // waits for all accepted jobs; further ones are not run

private:
    template <class Answer, class Job>
    Answer attempt(Job& job) {
        try {
            return job();
        } catch (const std::exception& thrown) {
            return fail(ErrorCode::internal, name_ + ": " + thrown.what());
        }
    }

    std::string name_;
    std::size_t max_waiting_;
    std::atomic<std::size_t> waiting_{0};
    boost::asio::thread_pool pool_;
};

}  // namespace gantry
