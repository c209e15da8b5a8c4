#include "core/async/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <optional>
#include <stdexcept>

using namespace gantry;
namespace asio = boost::asio;

namespace {

// Goes through the executor `turns` times, then counts itself.
asio::awaitable<void> walk(asio::io_context& context, int turns, int& ended) {
    for (int i = 0; i < turns; ++i) co_await asio::post(context, asio::use_awaitable);
    ++ended;
}

asio::awaitable<void> break_down(asio::io_context& context) {
    co_await asio::post(context, asio::use_awaitable);
    throw std::runtime_error("a defect");
}

asio::awaitable<void> walk_on(TaskGroup& scope, asio::io_context& context, int& ended) {
    co_await asio::post(context, asio::use_awaitable);
    scope.spawn(walk(context, 7, ended));
    ++ended;
}

}  // namespace

TEST_CASE("task group: join ends when the last of its coroutines has") {
    asio::io_context context;
    TaskGroup scope(context.get_executor());
    int ended = 0;
    for (const int turns : {1, 5, 3}) scope.spawn(walk(context, turns, ended));
    CHECK(scope.running() == 3);
    auto joined = asio::co_spawn(context, scope.join(), asio::use_future);
    context.run();
    joined.get();
    CHECK(ended == 3);
    CHECK(scope.running() == 0);
}

TEST_CASE("task group: join of an empty one ends at once") {
    asio::io_context context;
    TaskGroup scope(context.get_executor());
    auto joined = asio::co_spawn(context, scope.join(), asio::use_future);
    CHECK(context.run() > 0);
    joined.get();
}

TEST_CASE("task group: what is spawned while it is joined is waited for as well") {
    asio::io_context context;
    TaskGroup scope(context.get_executor());
    int ended = 0;
    int at_join = -1;
    scope.spawn(walk_on(scope, context, ended));
    auto watch = [&]() -> asio::awaitable<void> {
        co_await scope.join();
        at_join = ended;
    };
    auto joined = asio::co_spawn(context, watch, asio::use_future);
    context.run();
    joined.get();
    CHECK(at_join == 2);
}

TEST_CASE("task group: a coroutine that throws ends the program's loop, not just itself") {
    asio::io_context context;
    TaskGroup scope(context.get_executor());
    scope.spawn(break_down(context));
    CHECK_THROWS_WITH(context.run(), "a defect");
    CHECK(scope.running() == 0);
}

TEST_CASE("task group: its coroutines may outlive it") {
    asio::io_context context;
    int ended = 0;
    {
        std::optional<TaskGroup> scope(std::in_place, context.get_executor());
        scope->spawn(walk(context, 3, ended));
        scope.reset();
    }
    context.run();
    CHECK(ended == 1);
}
