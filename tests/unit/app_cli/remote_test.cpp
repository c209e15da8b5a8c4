// Reaching the server: what is sent, exit codes, and one clear line for each failure.
#include <catch2/catch.hpp>

#include "app/cli/remote.hpp"
#include "cli_world.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("cli: address, authority and credential come from the environment") {
    CliWorld world;
    world.script.answer("GET /status", 200, "{}");
    CHECK(world.run({"status"}) == 0);
    CHECK(world.script.asked[0].url == "https://gantry.test:8443/api/v1/status");
    CHECK(http::find_header(world.script.asked[0].headers, "Authorization") ==
          "Bearer secret-token");
    CHECK(world.script.options.ca_file == "/ca.pem");
}

TEST_CASE("cli: options win over the environment, before or behind the command") {
    CliWorld world;
    world.script.answer("GET /status", 200, "{}");
    CHECK(world.run({"--token", "a", "status"}) == 0);
    CHECK(world.run({"status", "--token", "b", "--ca", "/other.pem"}) == 0);
    CHECK(http::find_header(world.script.asked[0].headers, "Authorization") == "Bearer a");
    CHECK(http::find_header(world.script.asked[1].headers, "Authorization") == "Bearer b");
    CHECK(world.script.options.ca_file == "/other.pem");
}

TEST_CASE("cli: without a server or credential it says which variable is missing") {
    CliWorld world;
    world.variables.erase("GANTRY_TOKEN");
    CHECK(world.run({"status"}) == 2);
    CHECK(world.err.find("GANTRY_TOKEN") != std::string::npos);
    world.variables.clear();
    CHECK(world.run({"status"}) == 2);
    CHECK(world.err.find("GANTRY_URL") != std::string::npos);
}

TEST_CASE("cli: each kind of failure has its exit code and one line on standard error") {
    CliWorld world;
    const auto fails = [&](int status, int code) {
        world.script.answers.clear();
        world.script.refuse("GET /alerts/7", status, "x", "what is wrong");
        CHECK(world.run({"alerts", "show", "7"}) == code);
        CHECK(world.out.empty());
        CHECK(world.err.starts_with("gantry: GET /alerts/7: what is wrong"));
        CHECK(std::count(world.err.begin(), world.err.end(), '\n') == 1);
        CHECK(world.err.find("secret-token") == std::string::npos);
    };
    fails(400, 1);
    fails(401, 4);
    CHECK(world.err.find("GANTRY_TOKEN") != std::string::npos);
    fails(403, 4);
    fails(404, 5);
    fails(409, 1);
    fails(500, 1);
    fails(503, 1);
}

TEST_CASE("cli: a server that is not there is exit code 3 and says where it looked") {
    CliWorld world;
    CHECK(world.run({"status"}) == 3);
    CHECK(world.err.find("cannot reach gantryd at https://gantry.test:8443: refused") !=
          std::string::npos);
    CHECK(world.err.find("GANTRY_CA") != std::string::npos);
}

TEST_CASE("cli: an answer that is not gantryd's is told as such") {
    CliWorld world;
    world.script.answer("GET /status", 502, "<html>");
    CHECK(world.run({"status"}) == 1);
    CHECK(world.err.find("is https://gantry.test:8443 really gantryd?") != std::string::npos);
    world.script.answers.clear();
    world.script.answer("GET /status", 200, "<html>");
    CHECK(world.run({"status"}) == 1);
    world.script.answers.clear();
    world.script.answer("GET /explain/1", 200, R"({"decisions":[{"sentences":[{"a":1}]}]})");
    CHECK(world.run({"explain", "1"}) == 1);
}

TEST_CASE("cli: words that it does not know are exit code 2, help is 0") {
    CliWorld world;
    CHECK(world.run({}) == 2);
    CHECK(world.run({"nonsense"}) == 2);
    CHECK(world.run({"incidents", "resolve", "1"}) == 2);
    CHECK(world.run({"incidents", "resolve", "1", "--code", "magic"}) == 2);
    CHECK(world.run({"incidents", "--limit", "501"}) == 2);
    CHECK(world.run({"tokens", "create", "--api"}) == 2);
    CHECK(world.run({"--help"}) == 0);
    CHECK(world.out.find("Exit codes") != std::string::npos);
    CHECK(world.run({"incidents", "hold", "--help"}) == 0);
    CHECK(world.run({"--version"}) == 0);
    CHECK(world.script.asked.empty());
}

TEST_CASE("cli: --json gives the server's bytes") {
    CliWorld world;
    const std::string body = R"({"b":1,"a":[]})";
    world.script.answer("GET /status", 200, body);
    CHECK(world.run({"status", "--json"}) == 0);
    CHECK(world.out == body + "\n");
}

TEST_CASE("cli: --all follows the cursor and gives one list") {
    CliWorld world;
    world.script.answer("GET /alerts", 200, page_json({R"({"id":3})", R"({"id":2})"}, "\"2\""));
    world.script.answer("GET /alerts", 200, page_json({R"({"id":1})"}));
    CHECK(world.run({"alerts", "--all", "--json"}) == 0);
    CHECK(json::parse(world.out)["items"].size() == 3);
    CHECK(json::parse(world.out)["next_cursor"].is_null());
    CHECK(world.query() == "limit=500&cursor=2");
}

TEST_CASE("cli: parts of a path and parameters are encoded") {
    CHECK(cli::encode_part("a b/ü&?") == "a%20b%2F%C3%BC%26%3F");
    CliWorld world;
    world.script.answer("GET /explain/alert%3A12", 200, "{}");
    CHECK(world.run({"explain", "alert:12"}) == 0);
}
