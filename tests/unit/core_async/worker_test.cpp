#include "core/async/worker.hpp"

#include <pthread.h>

#include <atomic>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/coroutine.hpp"

using namespace gantry;
namespace asio = boost::asio;

namespace {

using Answers = std::vector<Result<int>>;

// Holds a thread of the worker until it is opened.
class Gate {
public:
    std::function<Result<int>()> job() {
        return [this]() -> Result<int> {
            entered_.set_value();
            opened_.get_future().wait();
            return 0;
        };
    }
    void wait_until_entered() { entered_.get_future().wait(); }
    void open() { opened_.set_value(); }

private:
    std::promise<void> entered_;
    std::promise<void> opened_;
};

asio::awaitable<void> keep(Worker& worker, std::function<Result<int>()> job, Answers& answers) {
    auto answer = co_await worker.run(std::move(job));
    answers.push_back(std::move(answer));
}

void start(asio::io_context& context, Worker& worker, std::function<Result<int>()> job,
           Answers& answers) {
    asio::co_spawn(context, keep(worker, std::move(job), answers), asio::detached);
    context.poll();
    context.restart();
}

std::function<Result<int>()> give(int value) {
    return [value]() -> Result<int> { return value; };
}

}  // namespace

TEST_CASE("worker: a job runs on the worker's thread, its caller goes on on its own") {
    asio::io_context context;
    Worker worker("a-very-long-name-of-a-thread");
    std::thread::id inside;
    std::string name;
    auto job = [&]() -> Result<int> {
        inside = std::this_thread::get_id();
        char text[16] = {};
        pthread_getname_np(pthread_self(), text, sizeof text);
        name = text;
        return 7;
    };
    std::thread::id after;
    auto work = [&]() -> asio::awaitable<int> {
        const auto answer = co_await worker.run(job);
        after = std::this_thread::get_id();
        co_return answer.value_or(-1);
    };
    CHECK(test::run(context, work()) == 7);
    CHECK(inside != std::this_thread::get_id());
    CHECK(after == std::this_thread::get_id());
    CHECK(name == "a-very-long-nam");
}

TEST_CASE("worker: an error of the job is the answer") {
    asio::io_context context;
    Worker worker("test");
    auto job = []() -> Result<void> { return fail(ErrorCode::not_found, "asset 12"); };
    const auto answer = test::run(context, worker.run(job));
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == fail(ErrorCode::not_found, "asset 12"));
}

TEST_CASE("worker: one thread does the jobs in the order of their asking") {
    asio::io_context context;
    Worker worker("test");
    std::vector<int> order;  // the one thread's
    Answers answers;
    Gate gate;
    start(context, worker, gate.job(), answers);
    for (int i = 1; i <= 50; ++i) {
        auto job = [&order, i]() -> Result<int> {
            order.push_back(i);
            return i;
        };
        start(context, worker, job, answers);
    }
    CHECK(answers.empty());
    gate.open();
    context.run();
    REQUIRE(answers.size() == 51);
    REQUIRE(order.size() == 50);
    for (int i = 1; i <= 50; ++i) CHECK(order[static_cast<std::size_t>(i - 1)] == i);
    CHECK(*answers.back() == 50);
}

TEST_CASE("worker: what does not fit is refused at once, and room is given back") {
    asio::io_context context;
    Worker worker("store", 1, 3);
    Answers answers;
    Gate gate;
    start(context, worker, gate.job(), answers);
    gate.wait_until_entered();
    start(context, worker, give(1), answers);
    start(context, worker, give(2), answers);
    CHECK(answers.empty());
    start(context, worker, give(3), answers);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].error() == fail(ErrorCode::limit, "store: too many jobs wait"));
    gate.open();
    context.run();
    context.restart();
    CHECK(answers.size() == 4);
    // A refusal takes no room: three fit again, and again.
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 3; ++i) {
            asio::co_spawn(context, keep(worker, give(i), answers), asio::detached);
        }
        context.run();
        context.restart();
        for (std::size_t back = 1; back <= 3; ++back) CHECK(answers[answers.size() - back]);
    }
}

TEST_CASE("worker: a worker with no room takes nothing") {
    asio::io_context context;
    Worker worker("none", 1, 0);
    CHECK(test::run(context, worker.run(give(1))).error().code == ErrorCode::limit);
}

TEST_CASE("worker: two threads do two jobs at once") {
    asio::io_context context;
    Worker worker("pair", 2);
    Answers answers;
    Gate first;
    Gate second;
    start(context, worker, first.job(), answers);
    start(context, worker, second.job(), answers);
    first.wait_until_entered();
    second.wait_until_entered();  // never, if the second waited for the first
    second.open();
    first.open();
    context.run();
    CHECK(answers.size() == 2);
}

TEST_CASE("worker: an exception in a job is an error for its caller, on the caller's thread") {
    asio::io_context context;
    Worker worker("test", 1, 1);
    std::thread::id after;
    auto job = []() -> Result<int> { throw std::runtime_error("the parser gave up"); };
    auto work = [&]() -> asio::awaitable<Result<int>> {
        auto answer = co_await worker.run(job);
        after = std::this_thread::get_id();
        co_return answer;
    };
    const auto answer = test::run(context, work());
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == fail(ErrorCode::internal, "test: the parser gave up"));
    CHECK(after == std::this_thread::get_id());
    CHECK(*test::run(context, worker.run(give(4))) == 4);  // its room was given back
}

TEST_CASE("worker: join ends when all accepted jobs are done") {
    asio::io_context context;
    Answers answers;
    std::atomic<int> done{0};
    Worker worker("test");
    Gate gate;
    start(context, worker, gate.job(), answers);
    for (int i = 0; i < 20; ++i) {
        auto job = [&]() -> Result<int> { return ++done; };
        start(context, worker, job, answers);
    }
    CHECK(done == 0);
    gate.open();
    worker.join();
    CHECK(done == 20);
    context.run();  // the answers were posted, and are delivered
    CHECK(answers.size() == 21);
}

TEST_CASE("worker: the destructor does what was accepted, although nobody waits any more") {
    std::atomic<int> done{0};
    {
        asio::io_context context;
        Answers answers;
        Gate gate;
        Worker worker("test");
        start(context, worker, gate.job(), answers);
        for (int i = 0; i < 20; ++i) {
            auto job = [&]() -> Result<int> { return ++done; };
            start(context, worker, job, answers);
        }
        gate.open();
    }
    CHECK(done == 20);
}

TEST_CASE("worker: a caller that is gone with its context does no harm") {
    std::atomic<int> done{0};
    Gate gate;
    Worker worker("test");
    Answers answers;
    auto context = std::make_unique<asio::io_context>();
    start(*context, worker, gate.job(), answers);
    auto job = [&]() -> Result<int> { return ++done; };
    start(*context, worker, job, answers);
    gate.wait_until_entered();
    gate.open();
    worker.join();
    context.reset();
    CHECK(done == 1);
    CHECK(answers.empty());
}
