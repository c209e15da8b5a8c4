// One intake token could fill what all tenants share; there was no limit per credential.
#include <catch2/catch.hpp>

#include "app/gantryd/credential_rate.hpp"
#include "app/gantryd/router.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

using Route = CredentialRate::Route;

struct World {
    explicit World(CredentialRateOptions options = {10, 20, 1'000})
        : rate(clock, options, metrics) {}

    // How many of `count` requests pass at once.
    int passed(const std::string& credential, int count) {
        int passed = 0;
        for (int i = 0; i < count; ++i) passed += rate.refused(credential, Route::intake) ? 0 : 1;
        return passed;
    }

    test::SimClock clock;
    telemetry::Registry metrics;
    CredentialRate rate;
};

}  // namespace

TEST_CASE("issue 019: a credential has its burst, then its rate, whatever others do") {
    World world;
    CHECK(world.passed("one", 100) == 20);
    CHECK(world.passed("two", 5) == 5);
    CHECK(world.rate.refused("one", Route::report) == 1);
    world.clock.advance(Millis{500});
    CHECK(world.passed("one", 100) == 5);
    world.clock.advance(std::chrono::hours{1});
    CHECK(world.passed("one", 100) == 20);
    CHECK(world.passed("", 100) == 100);
}

TEST_CASE("issue 019: who must wait is told how long, in whole seconds") {
    World world({1, 1, 1'000});
    CHECK(world.passed("one", 1) == 1);
    CHECK(world.rate.refused("one", Route::intake) == 1);
    world.clock.advance(Millis{999});
    CHECK(world.rate.refused("one", Route::intake) == 1);
    world.clock.advance(Millis{1});
    CHECK_FALSE(world.rate.refused("one", Route::intake).has_value());
}

TEST_CASE("issue 019: the rate's counters are there from the start, by route") {
    World world({1, 1, 1'000});
    const std::string before = world.metrics.prometheus_text();
    for (const char* route : {"intake", "report"}) {
        CHECK(before.find("gantry_http_rate_limited_total{route=\"" + std::string(route) +
                          "\"} 0") != std::string::npos);
    }
    (void)world.rate.refused("one", Route::report);
    (void)world.rate.refused("one", Route::report);
    CHECK(world.metrics.prometheus_text().find(
              "gantry_http_rate_limited_total{route=\"report\"} 1") != std::string::npos);
}

TEST_CASE(
    "issue 019: the table of rates is bounded, and forgets first who has not asked for a while") {
    World world({10, 20, 100});
    for (int i = 0; i < 99; ++i) CHECK(world.passed("old" + std::to_string(i), 1) == 1);
    world.clock.advance(Millis{1'900});
    CHECK(world.passed("busy", 25) == 20);
    world.clock.advance(Millis{100});  // the old ones are full again
    CHECK(world.passed("new", 1) == 1);
    CHECK(world.rate.size() <= 3);
    CHECK(world.passed("busy", 25) == 1);
    for (int i = 0; i < 1'000; ++i) CHECK(world.passed("flood" + std::to_string(i), 1) == 1);
    CHECK(world.rate.size() <= 100);
}

TEST_CASE("issue 019: intake and reports are limited with 429 and Retry-After, nothing else is") {
    World world({1, 2, 100});
    boost::asio::io_context context;
    int reached = 0;
    const auto sub = [&](std::string, http::Request) -> boost::asio::awaitable<http::Response> {
        ++reached;
        co_return http::Response{};
    };
    const auto api = [&](http::Request) -> boost::asio::awaitable<http::Response> {
        co_return http::Response{};
    };
    const Routes routes{
        sub,           sub,        api, [] { return std::string(); }, [] { return true; },
        world.metrics, &world.rate};
    const auto ask = [&](const std::string& path, const std::string& token) {
        http::Request request;
        request.method = "POST";
        request.path = path;
        if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
        return test::run(context, route(routes, std::move(request)));
    };
    CHECK(ask("/api/v1/intake/generic", "t").status == 200);
    CHECK(ask("/api/v1/agent/report", "t").status == 200);
    const auto refused = ask("/api/v1/intake/generic", "t");
    CHECK(refused.status == 429);
    CHECK(http::find_header(refused.headers, "Retry-After") == "1");
    CHECK(refused.content_type == "application/problem+json");
    CHECK(ask("/api/v1/agent/report", "t").status == 429);
    CHECK(reached == 2);
    CHECK(ask("/api/v1/intake/generic", "other").status == 200);
    CHECK(ask("/api/v1/agent/policy", "t").status == 200);
    CHECK(ask("/api/v1/agent/enrol", "t").status == 200);
    CHECK(ask("/api/v1/incidents", "t").status == 200);
    CHECK(ask("/api/v1/intake/generic", "").status == 200);  // the desk says 401
}
