// Agents and users: who may come in.
#include <catch2/catch.hpp>
#include <fstream>

#include "cli_world.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

std::string password_file(const TemporaryDirectory& directory, const std::string& content) {
    const std::string file = directory.path() + "/password";
    std::ofstream(file) << content;
    return file;
}

const std::string k_user =
    R"({"id":3,"name":"ann","role":"viewer","organisation_id":1,"disabled":true,"version":2})";

}  // namespace

TEST_CASE("agents: listed with what they prove, filtered by asset") {
    CliWorld world;
    world.script.answer(
        "GET /agents", 200,
        page_json({R"({"id":"0190-a","name":"web01","asset_id":7,"organisation_id":2,)"
                   R"("role":"server","revoked":true,"last_seen_at":"2025-11-24T15:00:00Z"})"}));
    CHECK(world.run({"agents", "--asset", "7"}) == 0);
    CHECK(world.query() == "asset=7&limit=50");
    for (const char* text : {"0190-a", "web01", "60m", "revoked"}) {
        CAPTURE(text);
        CHECK(world.out.find(text) != std::string::npos);
    }
    CHECK(world.run({"agents", "list", "--limit", "3"}) == 0);
    CHECK(world.query() == "limit=3");
}

TEST_CASE("agents: revoke names the agent, and an unknown one is exit code 5") {
    CliWorld world;
    world.script.answer("DELETE /agents/0190-a", 204, "");
    CHECK(world.run({"agents", "revoke", "0190-a"}) == 0);
    CHECK(world.out == "agent 0190-a is revoked\n");
    world.script.refuse("DELETE /agents/other", 404, "not_found", "no agent other");
    CHECK(world.run({"agents", "revoke", "other"}) == 5);
    CHECK(world.err.find("no agent other") != std::string::npos);
    CHECK(world.run({"agents", "revoke"}) == 2);
}

TEST_CASE("users: a change goes under the version that was read") {
    CliWorld world;
    world.script.answer("GET /users/3", 200, k_user, "\"1\"");
    world.script.answer("PATCH /users/3", 200, k_user, "\"2\"");
    CHECK(world.run({"users", "disable", "3"}) == 0);
    CHECK(world.out == "user 3 (ann) is disabled; their sessions ended\n");
    const auto& request = world.script.asked.back();
    CHECK(http::find_header(request.headers, "If-Match") == "\"1\"");
    CHECK(json::parse(request.body) == json{{"disabled", true}});
    CHECK(world.run({"users", "enable", "3"}) == 0);
    CHECK(json::parse(world.script.asked.back().body) == json{{"disabled", false}});
    CHECK(world.run({"users", "role", "3", "admin"}) == 0);
    CHECK(json::parse(world.script.asked.back().body) == json{{"role", "admin"}});
}

TEST_CASE("users: a password comes from a file's first line, and is not told") {
    const TemporaryDirectory directory;
    CliWorld world;
    world.script.answer("GET /users/3", 200, k_user, "\"1\"");
    world.script.answer("PATCH /users/3", 200, k_user, "\"2\"");
    world.script.answer("POST /users", 201, k_user);
    const auto file = password_file(directory, "correct horse battery\nsecond line\n");
    CHECK(world.run({"users", "password", "3", "--password-file", file}) == 0);
    CHECK(json::parse(world.script.asked.back().body) ==
          json{{"password", "correct horse battery"}});
    CHECK(world.run({"users", "create", "ann", "--role", "viewer", "--organisation", "acme",
                     "--password-file", file}) == 0);
    CHECK(json::parse(world.script.asked.back().body) ==
          json{{"name", "ann"},
               {"role", "viewer"},
               {"organisation", "acme"},
               {"password", "correct horse battery"}});
    CHECK((world.out + world.err).find("horse") == std::string::npos);
    const auto asked = world.script.asked.size();
    CHECK(world.run({"users", "password", "3", "--password-file", directory.path() + "/none"}) ==
          1);
    CHECK(world.run({"users", "password", "3", "--password-file", password_file(directory, "")}) ==
          1);
    CHECK(world.script.asked.size() == asked);
    CHECK(world.run({"users", "create", "ann", "--role", "viewer"}) == 2);
}

TEST_CASE("users: listed with their reach and whether they are out") {
    CliWorld world;
    world.script.answer("GET /users", 200, page_json({k_user}));
    CHECK(world.run({"users"}) == 0);
    CHECK(world.out.find("ann") != std::string::npos);
    CHECK(world.out.find("disabled") != std::string::npos);
}
