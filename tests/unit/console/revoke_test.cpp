// What lets somebody in can be taken away: agents, users, sessions. Real records, SQLite.
#include <catch2/catch.hpp>

#include "api_world.hpp"
#include "core/crypto/crypto.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

void add_agent(ApiWorld& world, const std::string& id, std::int64_t organisation = 1,
               std::int64_t asset = 7) {
    records::AgentCredential agent;
    agent.agent_id = id;
    agent.organisation = OrganisationId{organisation};
    agent.site = SiteId{1};
    agent.role = "server";
    agent.asset = AssetId{asset};
    agent.credential_hash = "hash of " + id;
    agent.name = "host-" + id;
    const auto known = records::agents(*world.connection, Scope::all());
    REQUIRE(known);
    const auto next = static_cast<std::int64_t>(known->size()) + 1;
    REQUIRE(records::insert_agent(*world.connection, {next, world.clock.now(), agent}));
}

bool is_revoked(ApiWorld& world, const std::string& id) {
    const auto agent = records::agent_by_id(*world.connection, id);
    REQUIRE(agent);
    return agent->revoked;
}

json add_user(ApiWorld& world, const std::string& name, const std::string& more = "") {
    const auto made =
        world.call("POST /users", "admin",
                   R"({"name":")" + name + R"(","password":"correct horse battery",)" +
                       R"("role":"technician")" + more + "}");
    INFO(made.body);
    REQUIRE(made.status == 201);
    return body_of(made);
}

http::Response sign_in(ApiWorld& world, const std::string& name,
                       const std::string& password = "correct horse battery") {
    return world.call("POST /sessions", "",
                      R"({"name":")" + name + R"(","password":")" + password + R"("})");
}

Result<Principal> principal_behind(ApiWorld& world, const std::string& text) {
    const auto token = records::token_by_hash(*world.connection, crypto::sha256_hex(text));
    if (!token) return token.error();
    return records::principal_of(*token, world.clock.now());
}

}  // namespace

TEST_CASE("agents: listed by page and by asset, without their secrets") {
    ApiWorld world;
    for (int i = 1; i <= 3; ++i) add_agent(world, "a" + std::to_string(i), 1, i);
    add_agent(world, "theirs", 2, 9);
    const auto first = world.call("GET /agents?limit=2", "viewer");
    INFO(first.body);
    REQUIRE(first.status == 200);
    CHECK(first.body.find("hash of") == std::string::npos);
    const json page = body_of(first);
    REQUIRE(page["items"].size() == 2);
    CHECK(page["items"][0]["id"] == "a1");
    CHECK(page["items"][0]["name"] == "host-a1");
    CHECK(page["items"][0]["asset_id"] == 1);
    CHECK(page["items"][0]["revoked"] == false);
    CHECK(page["items"][0]["last_seen_at"].is_null());
    const auto cursor = page["next_cursor"].get<std::string>();
    const json rest = body_of(world.call("GET /agents?limit=2&cursor=" + cursor, "viewer"));
    REQUIRE(rest["items"].size() == 1);
    CHECK(rest["items"][0]["id"] == "a3");
    CHECK(rest["next_cursor"].is_null());
    CHECK(body_of(world.call("GET /agents?asset=2"))["items"][0]["id"] == "a2");
    CHECK(body_of(world.call("GET /agents?asset=9", "viewer"))["items"].empty());
    CHECK(body_of(world.call("GET /agents"))["items"].size() == 4);
}

TEST_CASE("agents: one is revoked in the records and in memory, by its own tenant's admin only") {
    ApiWorld world;
    add_agent(world, "a1");
    CHECK(world.call("DELETE /agents/a1", "technician").status == 403);
    CHECK(world.call("DELETE /agents/a1", "acme").status == 404);
    CHECK(world.call("DELETE /agents/a2", "admin").status == 404);
    CHECK(world.call("DELETE /agents/" + std::string(500, 'a'), "admin").status == 404);
    CHECK_FALSE(is_revoked(world, "a1"));
    CHECK(world.revoked_agents.empty());
    CHECK(world.call("DELETE /agents/a1", "admin-one").status == 204);
    CHECK(is_revoked(world, "a1"));
    CHECK(world.revoked_agents == std::vector<std::string>{"a1"});
    CHECK(body_of(world.call("GET /agents"))["items"][0]["revoked"] == true);
    CHECK(world.call("DELETE /agents/a1", "admin-one").status == 204);  // as often as one likes
}

TEST_CASE("users: a disabled one is out at once, with all sessions, and comes back when enabled") {
    ApiWorld world;
    const json user = add_user(world, "ann");
    const std::string path = "/users/" + std::to_string(user["id"].get<int>());
    const auto one = body_of(sign_in(world, "ann"))["token"].get<std::string>();
    const auto two = body_of(sign_in(world, "ann"))["token"].get<std::string>();
    CHECK(principal_behind(world, one));
    const auto shown = world.call("GET " + path);
    CHECK(header_of(shown, "ETag") == "\"1\"");
    const auto changed = world.call("PATCH " + path, "admin-one", R"({"disabled":true})", "\"1\"");
    INFO(changed.body);
    REQUIRE(changed.status == 200);
    CHECK(header_of(changed, "ETag") == "\"2\"");
    CHECK(body_of(changed)["disabled"] == true);
    CHECK(world.access_changes == 1);
    CHECK_FALSE(principal_behind(world, one));
    CHECK_FALSE(principal_behind(world, two));
    CHECK(sign_in(world, "ann").status == 401);
    REQUIRE(world.call("PATCH " + path, "admin", R"({"disabled":false})", "\"2\"").status == 200);
    CHECK_FALSE(principal_behind(world, one));
    CHECK(sign_in(world, "ann").status == 201);
}

TEST_CASE("users: a session of a disabled user is none, whatever its own row says") {
    ApiWorld world;
    records::User user;
    user.name = "gone";
    user.organisation = OrganisationId{1};
    user.disabled = true;
    const auto made = records::insert_user(*world.connection, user, world.clock.now());
    REQUIRE(made);
    records::Token token;
    token.organisation = OrganisationId{1};
    token.user = made->id;
    REQUIRE(records::insert_token(*world.connection, token, crypto::sha256_hex("s")));
    CHECK(principal_behind(world, "s").error().code == ErrorCode::unauthorised);
}

TEST_CASE("users: a new password or role ends sessions and holds from then on") {
    ApiWorld world;
    const json user = add_user(world, "ann");
    const std::string path = "/users/" + std::to_string(user["id"].get<int>());
    const auto before = body_of(sign_in(world, "ann"))["token"].get<std::string>();
    const std::string patch = R"({"password":"a quite different one","role":"viewer"})";
    REQUIRE(world.call("PATCH " + path, "admin", patch, "*").status == 200);
    CHECK_FALSE(principal_behind(world, before));
    CHECK(sign_in(world, "ann").status == 401);
    const auto again = sign_in(world, "ann", "a quite different one");
    REQUIRE(again.status == 201);
    const auto principal = principal_behind(world, body_of(again)["token"].get<std::string>());
    REQUIRE(principal);
    CHECK(principal->role == Role::viewer);
}

TEST_CASE("users: nobody changes one unseen, changed meanwhile, or beyond their own reach") {
    ApiWorld world;
    const json ours = add_user(world, "ann");
    const json all = add_user(world, "operator", R"(,"all_organisations":true)");
    const std::string ann = "/users/" + std::to_string(ours["id"].get<int>());
    const std::string boss = "/users/" + std::to_string(all["id"].get<int>());
    const auto patch = [&](const std::string& path, const char* caller, const char* body,
                           const char* if_match = "*") {
        return world.call("PATCH " + path, caller, body, if_match).status;
    };
    CHECK(patch(ann, "technician", R"({"disabled":true})") == 403);
    CHECK(patch(ann, "acme", R"({"disabled":true})") == 404);
    CHECK(world.call("GET " + ann, "acme").status == 404);
    CHECK(patch(boss, "admin-one", R"({"disabled":true})") == 404);
    CHECK(world.call("GET " + boss, "admin-one").status == 404);
    CHECK(patch(ann, "admin-one", R"({"all_organisations":true})") == 403);
    CHECK(patch(ann, "admin", R"({"disabled":true})", "") == 428);
    CHECK(patch(ann, "admin", R"({"disabled":true})", "\"9\"") == 412);
    CHECK(patch(ann, "admin", R"({"password":"short"})") == 400);
    CHECK(patch(ann, "admin", R"({"role":"intake"})") == 400);
    CHECK(patch(ann, "admin", R"({"disabled":"yes"})") == 400);
    CHECK(patch(ann, "admin", R"({"name":"eve"})") == 400);
    CHECK(patch("/users/99", "admin", R"({"disabled":true})") == 404);
    CHECK(world.access_changes == 0);
    CHECK(header_of(world.call("GET " + ann), "ETag") == "\"1\"");
}

TEST_CASE("sessions: long expired ones are deleted when a new one is made, other tokens never") {
    ApiWorld world;
    (void)add_user(world, "ann");
    const auto made = world.call("POST /tokens", "admin", R"({"expires_in_s":60})");
    REQUIRE(made.status == 201);
    for (int i = 0; i < 3; ++i) REQUIRE(sign_in(world, "ann").status == 201);
    CHECK(body_of(world.call("GET /tokens"))["items"].size() == 4);
    world.clock.advance(std::chrono::hours{12 + 25});
    const auto fresh = sign_in(world, "ann");
    REQUIRE(fresh.status == 201);
    const json left = body_of(world.call("GET /tokens"))["items"];
    REQUIRE(left.size() == 3);  // the enrolment token, the newest old session, the new one
    CHECK(left[0]["kind"] == "enrolment");
    CHECK(body_of(fresh)["id"] == 5);  // no id is given twice
}
