// Store: the API's connections, each used by one thread at a time, opened when first needed and
// after a failure. read() and write() run `job(connection)` on a Worker and give its Result.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/async/worker.hpp"
#include "core/storage/database.hpp"

namespace gantry::console {

class Store {
public:
    explicit Store(storage::Database& database)
        : database_(database),
          reader_("console-read", k_readers, k_max_waiting),
          writer_("console-write", 1, k_max_waiting),
          hasher_("console-hash", 1, k_max_hashing) {}

    template <class Job>
    boost::asio::awaitable<std::invoke_result_t<Job&, storage::Connection&>> read(Job job) {
        auto work = [this, job = std::move(job)]() mutable {
            return with_connection(readers_, job, [this] { return database_.connect_read_only(); });
        };
        co_return co_await reader_.run(std::move(work));
    }

    template <class Job>
    boost::asio::awaitable<std::invoke_result_t<Job&, storage::Connection&>> write(Job job) {
        auto work = [this, job = std::move(job)]() mutable {
            return with_connection(writers_, job,
                                   [this] { return database_.connect(storage::Durability::full); });
        };
        co_return co_await writer_.run(std::move(work));
    }

    // As write, all or nothing: commits when the job succeeded.
    template <class Job>
    boost::asio::awaitable<std::invoke_result_t<Job&, storage::Connection&>> transact(Job job) {
        using Answer = std::invoke_result_t<Job&, storage::Connection&>;
        auto inside = [job = std::move(job)](storage::Connection& connection) mutable -> Answer {
            auto transaction = storage::Transaction::begin(connection);
            if (!transaction) return transaction.error();
            Answer answer = job(connection);
            if (!answer) return answer;
            if (auto done = transaction->commit(); !done) return done.error();
            return answer;
        };
        co_return co_await write(std::move(inside));
    }

    // Password hashing: a quarter of a second and 64 MiB each, so one at a time and few waiting.
    template <class Job>
    boost::asio::awaitable<std::invoke_result_t<Job&>> hash(Job job) {
        co_return co_await hasher_.run(std::move(job));
    }

private:
    using Connections = std::vector<std::unique_ptr<storage::Connection>>;
    static constexpr std::size_t k_readers = 2;
    static constexpr std::size_t k_max_waiting = 256;
    static constexpr std::size_t k_max_hashing = 16;

    template <class Job, class Open>
    std::invoke_result_t<Job&, storage::Connection&> with_connection(Connections& idle, Job& job,
                                                                     Open open) {
        std::unique_ptr<storage::Connection> connection = take(idle);
        if (!connection) {
            auto opened = open();
            if (!opened) return opened.error();
            connection = std::move(*opened);
        }
        auto answer = job(*connection);
        // A connection that failed may be broken; the next job opens a new one.
        if (answer || answer.error().code != ErrorCode::unavailable) {
            give_back(idle, std::move(connection));
        }
        return answer;
    }

    std::unique_ptr<storage::Connection> take(Connections& idle) {
        const std::lock_guard lock(mutex_);
        if (idle.empty()) return nullptr;
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
    }
    void give_back(Connections& idle, std::unique_ptr<storage::Connection> connection) {
        const std::lock_guard lock(mutex_);
        idle.push_back(std::move(connection));
    }

    storage::Database& database_;
    std::mutex mutex_;
    Connections readers_;
    Connections writers_;
    Worker reader_;  // last: joined before what their jobs use is gone
    Worker writer_;
    Worker hasher_;
};

}  // namespace gantry::console
