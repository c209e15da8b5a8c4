// What happens before a handler runs: paths, methods, credentials, roles, forms.
#include <catch2/catch.hpp>

#include "api_world.hpp"
#include "console/api/routes.hpp"
#include "core/http/auth_guard.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("routes: a pattern gives the values of its parts, or does not fit") {
    using console::match;
    CHECK(match("/incidents", "/incidents")->empty());
    CHECK(match("/incidents/{number}/notes", "/incidents/INC1/notes").value() ==
          std::vector<std::string>{"INC1"});
    for (const char* path : {"/incidents/", "/incidents", "/incidents/1/notes/2", "/assets/1/notes",
                             "", "/", "/incidents//notes", "incidents/1/notes"}) {
        CAPTURE(path);
        CHECK_FALSE(match("/incidents/{number}/notes", path).has_value());
    }
}

TEST_CASE("routes: method and pattern are unique, and no pattern hides behind another") {
    const auto& table = console::routes();
    for (std::size_t i = 0; i < table.size(); ++i) {
        for (std::size_t j = i + 1; j < table.size(); ++j) {
            CHECK((table[i].method != table[j].method || table[i].pattern != table[j].pattern));
        }
    }
}

TEST_CASE("roles: each includes the ones below, intake none") {
    using console::permits;
    CHECK(permits(Role::admin, Role::viewer));
    CHECK(permits(Role::technician, Role::technician));
    CHECK_FALSE(permits(Role::viewer, Role::technician));
    CHECK_FALSE(permits(Role::technician, Role::admin));
    CHECK_FALSE(permits(Role::intake, Role::viewer));
}

TEST_CASE("api: an unknown path is 404 naming the nearest one") {
    ApiWorld world;
    const auto response = world.call("GET /incident");
    CHECK(response.status == 404);
    CHECK(response.content_type == "application/problem+json");
    CHECK(body_of(response)["code"] == "no_such_path");
    CHECK(detail_of(response) == "nothing is at /api/v1/incident; did you mean /api/v1/incidents?");
}

TEST_CASE("api: a known path with another method is 405 with Allow") {
    ApiWorld world;
    const auto response = world.call("DELETE /incidents");
    CHECK(response.status == 405);
    CHECK(header_of(response, "Allow") == "GET, HEAD, POST");
}

TEST_CASE("api: without a good token it is 401 with WWW-Authenticate, on every route") {
    ApiWorld world;
    for (const auto& route : console::routes()) {
        if (!route.minimum) continue;
        CAPTURE(route.method, route.pattern);
        world.clock.advance(Millis{60'000});
        CHECK(world.call(route.method + " " + route.pattern, "").status == 401);
        const auto response = world.call(route.method + " " + route.pattern, "stranger");
        CHECK(response.status == 401);
        CHECK(header_of(response, "WWW-Authenticate") == "Bearer");
    }
}

TEST_CASE("api: a token for intake reads nothing") {
    ApiWorld world;
    for (const auto& route : console::routes()) {
        if (!route.minimum) continue;
        CAPTURE(route.method, route.pattern);
        CHECK(world.call(route.method + " " + route.pattern, "intake").status == 403);
    }
}

TEST_CASE("api: what is above the caller's role is 403 and says whose it is") {
    ApiWorld world;
    for (const auto& route : console::routes()) {
        if (!route.minimum) continue;
        CAPTURE(route.method, route.pattern);
        const std::string line = route.method + " " + route.pattern;
        const int viewer = world.call(line, "viewer").status;
        CHECK((viewer == 403) == (route.minimum != Role::viewer));
        const int technician = world.call(line, "technician").status;
        CHECK((technician == 403) == (route.minimum == Role::admin));
    }
    CHECK(detail_of(world.call("POST /incidents", "viewer")) ==
          "this is for the role technician and above; yours is viewer");
}

TEST_CASE("api: when nobody can tell whose token it is, it is 503 and no 401") {
    ApiWorld world;
    world.authenticator.down = fail(ErrorCode::unavailable, "the records are not reachable");
    const auto response = world.call("GET /status");
    CHECK(response.status == 503);
    CHECK_FALSE(header_of(response, "Retry-After").empty());
}

TEST_CASE("api: failed credentials are bounded by address, good ones pass on") {
    ApiWorld world;
    CHECK(world.call("GET /status", "admin").status == 200);
    for (int i = 0; i < 20; ++i) {
        CHECK(world.call("GET /status", "guess" + std::to_string(i)).status == 401);
    }
    const int asked = world.authenticator.asked;
    const auto throttled = world.call("GET /status", "guess21");
    CHECK(throttled.status == 429);
    CHECK(header_of(throttled, "Retry-After") == "10");
    CHECK(world.authenticator.asked == asked);
    CHECK(world.call("GET /status", "admin").status == 200);
    world.clock.advance(Millis{3'000});
    CHECK(world.call("GET /status", "guess22").status == 401);
    CHECK(world.metrics.prometheus_text().find(
              "gantry_api_unauthorised_total{reason=\"throttled\"} 1") != std::string::npos);
}

TEST_CASE("auth guard: addresses are told apart, ports are not") {
    SimClock clock;
    http::AuthGuard guard(clock);
    for (int i = 0; i < 20; ++i) guard.failed("[2001:db8::1]:" + std::to_string(1000 + i));
    CHECK_FALSE(guard.may_try("[2001:db8::1]:9", "x"));
    CHECK(guard.may_try("[2001:db8::2]:9", "x"));
    guard.succeeded("known");
    CHECK(guard.may_try("[2001:db8::1]:9", "known"));
    guard.forget();
    CHECK_FALSE(guard.may_try("[2001:db8::1]:9", "known"));
}

TEST_CASE("api: a misspelt parameter is an error naming the right one") {
    ApiWorld world;
    const auto response = world.call("GET /incidents?stat=new");
    CHECK(response.status == 400);
    CHECK(detail_of(response) == "there is no parameter \"stat\" here; did you mean \"state\"?");
    CHECK(detail_of(world.call("GET /incidents?limit=1&limit=2")) == "limit stands twice");
    CHECK(detail_of(world.call("GET /incidents?limit=501")) == "limit must be from 1 to 500");
    CHECK(detail_of(world.call("GET /incidents?cursor=x")).find("next_cursor") !=
          std::string::npos);
    CHECK(world.call("GET /incidents?open=perhaps").status == 400);
    CHECK(world.call("GET /incidents?state=broken").status == 400);
    CHECK(world.call("GET /alerts?incident=INCx").status == 400);
    CHECK(world.call("GET /alerts?asset=-1").status == 400);
    CHECK(world.call("GET /alerts?key=" + std::string(256, 'k')).status == 400);
}

TEST_CASE("api: what cannot be answered in JSON or was not sent as JSON is refused") {
    ApiWorld world;
    auto request = ApiWorld::request("GET /status", "admin");
    request.headers.emplace_back("Accept", "text/html");
    CHECK(world.send(request).status == 406);
    request.headers.back().second = "text/html, */*;q=0.1";
    CHECK(world.send(request).status == 200);
    request = ApiWorld::request("POST /organisations", "admin", R"({"name":"x"})");
    request.headers.back().second = "application/x-www-form-urlencoded";
    const auto response = world.send(request);
    CHECK(response.status == 415);
    CHECK(detail_of(response).find("Content-Type: application/json") != std::string::npos);
    request.headers.back().second = "Application/JSON; charset=utf-8";
    CHECK(world.send(request).status == 201);
    CHECK(world.call("GET /status", "admin", "{}").status == 400);
}

TEST_CASE("api: bodies that are no JSON object are 400 with the reason") {
    ApiWorld world;
    const auto detail = [&](const std::string& body) {
        const auto response = world.call("POST /organisations", "admin", body);
        CHECK(response.status == 400);
        return detail_of(response);
    };
    CHECK(detail("{").find("not valid JSON (byte 2)") != std::string::npos);
    CHECK(detail("[1]") == "the body must be a JSON object");
    CHECK(detail(std::string(100'000, '[')).find("nested too deep") != std::string::npos);
    CHECK(detail("\xff\xfe").find("not valid JSON") != std::string::npos);
    CHECK(detail(R"({"name":7})") == "name must be a text");
    CHECK(detail(R"({"nmae":"x"})") == "\"nmae\" is not a known key; did you mean \"name\"?");
    CHECK(detail(R"({"name":"  "})") == "name is missing");
    CHECK(detail(R"({"name":"a\nb"})") == "name must be one line");
    CHECK(detail("{\"name\":\"" + std::string(129, 'x') + "\"}") ==
          "name has 129 bytes; at most 128 are taken");
}

TEST_CASE("api: requests are counted by route and status, paths of strangers as one") {
    ApiWorld world;
    (void)world.call("GET /incidents/INC1");
    (void)world.call("GET /nowhere/1");
    const std::string text = world.metrics.prometheus_text();
    CHECK(text.find(R"({route="GET /incidents/{number}",status="404"} 1)") != std::string::npos);
    CHECK(text.find(R"({route="none",status="404"} 1)") != std::string::npos);
}

TEST_CASE("api: a failure of ours is 500 without its inside") {
    ApiWorld world;
    world.desk.broken = fail(ErrorCode::corrupt, "row 7 of /var/lib/secret is broken");
    const auto response = world.call("GET /incidents");
    CHECK(response.status == 500);
    CHECK(response.body.find("secret") == std::string::npos);
}

TEST_CASE("gate: who guesses is told so before the body of a session is looked at") {
    ApiWorld world;
    for (int i = 0; i < 20; ++i) (void)world.call("GET /status", "guess" + std::to_string(i));
    CHECK(world.call("POST /sessions", "", "{ not JSON").status == 429);
}

TEST_CASE("gate: its counters are there from the start") {
    ApiWorld world;
    for (const char* reason : {"bad_token", "throttled"}) {
        const std::string line =
            "gantry_api_unauthorised_total{reason=\"" + std::string(reason) + "\"} 0";
        CHECK(world.metrics.prometheus_text().find(line) != std::string::npos);
    }
}

TEST_CASE("gate: a long path and a long key are refused without a proposal") {
    ApiWorld world;
    const std::string text(16'000, 'q');
    CHECK(detail_of(world.call("GET /" + text)).find("did you mean") == std::string::npos);
    const auto response = world.call("POST /tokens", "admin", R"({")" + text + R"(":1})");
    CHECK(response.status == 400);
    CHECK(detail_of(response).size() < 200);
    CHECK(detail_of(response).find("did you mean") == std::string::npos);
}
