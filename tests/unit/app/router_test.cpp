#include "app/gantryd/router.hpp"

#include <catch2/catch.hpp>

#include "tests/support/coroutine.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

// Rooms that say who was asked for what.
struct Rooms {
    Rooms() { metrics.counter("gantry_events_total", "Events").add(7); }

    Routes routes() {
        const auto sub = [](std::string name) {
            return [name](std::string rest,
                          http::Request request) -> boost::asio::awaitable<http::Response> {
                http::Response response;
                response.status = 202;
                response.body = name + " " + request.method + " [" + rest + "] " + request.body;
                co_return response;
            };
        };
        auto api = [](http::Request request) -> boost::asio::awaitable<http::Response> {
            http::Response response;
            response.body = "api " + request.method + " " + request.path;
            co_return response;
        };
        return Routes{
            sub("agent"), sub("intake"), api, [this] { return reason; }, [this] { return serving; },
            metrics};
    }
    http::Response ask(const std::string& method, const std::string& path) {
        const Routes all = routes();
        http::Request request;
        request.method = method;
        request.path = path;
        request.body = "body";
        return test::run(context, route(all, std::move(request)));
    }

    boost::asio::io_context context;
    telemetry::Registry metrics;
    std::string reason;
    bool serving = true;
};

std::string allow_of(const http::Response& response) {
    return std::string(http::find_header(response.headers, "Allow").value_or(""));
}

}  // namespace

TEST_CASE("router: each room gets its paths, whatever the method, with the rest and the body") {
    Rooms rooms;
    CHECK(rooms.ask("POST", "/api/v1/agent/report").body == "agent POST [report] body");
    CHECK(rooms.ask("GET", "/api/v1/agent/policy/x").body == "agent GET [policy/x] body");
    CHECK(rooms.ask("POST", "/api/v1/intake/generic").body == "intake POST [generic] body");
    CHECK(rooms.ask("DELETE", "/api/v1/intake/").body == "intake DELETE [] body");
    CHECK(rooms.ask("GET", "/api/v1/incidents").body == "api GET /api/v1/incidents");
    CHECK(rooms.ask("PATCH", "/api/v1/").body == "api PATCH /api/v1/");
}

TEST_CASE("router: names that only begin like a room's go to the API") {
    Rooms rooms;
    CHECK(rooms.ask("GET", "/api/v1/agent").body == "api GET /api/v1/agent");
    CHECK(rooms.ask("GET", "/api/v1/agents").body == "api GET /api/v1/agents");
    CHECK(rooms.ask("GET", "/api/v1/intakes/x").body == "api GET /api/v1/intakes/x");
}

TEST_CASE("router: an unknown path is 404 and tells where the API is") {
    Rooms rooms;
    for (const char* path : {"/", "", "/api", "/api/v1", "/api/v2/incidents", "/API/V1/incidents",
                             "/healthz/", "/metrics/x", "//healthz", "/api/v10/agent/report"}) {
        CAPTURE(path);
        const auto response = rooms.ask("GET", path);
        CHECK(response.status == 404);
        CHECK(response.content_type == "application/problem+json");
        CHECK(response.body.find("/api/v1/") != std::string::npos);
    }
}

TEST_CASE("router: a probe takes GET and HEAD, other methods are 405 with Allow") {
    Rooms rooms;
    for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
        CAPTURE(path);
        CHECK(rooms.ask("GET", path).status == 200);
        CHECK(rooms.ask("HEAD", path).status == 200);
        for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
            const auto response = rooms.ask(method, path);
            CHECK(response.status == 405);
            CHECK(allow_of(response) == "GET, HEAD");
        }
    }
}

TEST_CASE("router: readyz is 503 with the reason while no work is taken, healthz is not") {
    Rooms rooms;
    CHECK(rooms.ask("GET", "/readyz").body == "ready\n");
    rooms.reason = "the disk is full";
    const auto response = rooms.ask("GET", "/readyz");
    CHECK(response.status == 503);
    CHECK(response.body == "not ready: the disk is full\n");
    CHECK(rooms.ask("GET", "/healthz").status == 200);
    CHECK(rooms.ask("POST", "/api/v1/intake/generic").status == 202);  // its room decides
    rooms.reason.clear();
    CHECK(rooms.ask("GET", "/readyz").status == 200);
}

TEST_CASE("router: while it starts only the probes are answered, all else is told to come back") {
    Rooms rooms;
    rooms.serving = false;
    rooms.reason = "starting";
    for (const char* path :
         {"/api/v1/agent/report", "/api/v1/intake/generic", "/api/v1/incidents", "/nowhere"}) {
        CAPTURE(path);
        const auto response = rooms.ask("POST", path);
        CHECK(response.status == 503);
        CHECK(http::find_header(response.headers, "Retry-After").has_value());
    }
    CHECK(rooms.ask("GET", "/healthz").status == 200);
    CHECK(rooms.ask("GET", "/readyz").status == 503);
    CHECK(rooms.ask("GET", "/metrics").status == 200);
}

TEST_CASE("router: metrics are Prometheus text 0.0.4") {
    Rooms rooms;
    const auto response = rooms.ask("GET", "/metrics");
    CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(response.body.find("\ngantry_events_total 7\n") != std::string::npos);
}
