// Every list ends with its page, and says where the next one starts.
#include <catch2/catch.hpp>

#include "api_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// The names of all pages of two, and how many pages it took.
std::pair<std::vector<std::string>, int> walk(ApiWorld& world, const std::string& path,
                                              const std::string& caller, int limit = 2) {
    std::vector<std::string> names;
    std::string cursor;
    for (int pages = 1; pages < 20; ++pages) {
        const auto response = world.call("GET " + path + "?limit=" + std::to_string(limit) +
                                             (cursor.empty() ? "" : "&cursor=") + cursor,
                                         caller);
        INFO(response.body.substr(0, 300));
        REQUIRE(response.status == 200);
        const json page = body_of(response);
        CHECK(page["items"].size() <= static_cast<std::size_t>(limit));
        for (const json& item : page["items"]) names.push_back(item["name"]);
        if (page["next_cursor"].is_null()) return {names, pages};
        cursor = page["next_cursor"];
    }
    FAIL("the list has no end");
    return {};
}

void put_policy(ApiWorld& world, const std::string& name, const std::string& document = "{}") {
    const auto response = world.call("PUT /policies/" + name, "admin", document);
    INFO(response.body.substr(0, 300));
    REQUIRE(response.status == 201);
}

}  // namespace

TEST_CASE("lists: users come by pages, each once, in the caller's scope") {
    ApiWorld world;
    for (int i = 1; i <= 5; ++i) {
        records::User user;
        user.name = "u" + std::to_string(i);
        user.organisation = OrganisationId{i == 3 ? 2 : 1};
        user.all_organisations = i == 5;
        REQUIRE(records::insert_user(*world.connection, user, world.clock.now()));
    }
    using Names = std::vector<std::string>;
    CHECK(walk(world, "/users", "admin") == std::pair{Names{"u1", "u2", "u3", "u4", "u5"}, 3});
    CHECK(walk(world, "/users", "admin-one") == std::pair{Names{"u1", "u2", "u4"}, 2});
    CHECK(walk(world, "/users", "acme") == std::pair{Names{"u3"}, 1});
}

TEST_CASE("lists: organisations come by pages with their own sites") {
    ApiWorld world;
    for (const char* name : {"c", "d", "e"}) {
        const std::string body = R"({"name":")" + std::string(name) + R"("})";
        REQUIRE(world.call("POST /organisations", "admin", body).status == 201);
    }
    using Names = std::vector<std::string>;
    CHECK(walk(world, "/organisations", "admin") ==
          std::pair{Names{"default", "acme", "c", "d", "e"}, 3});
    CHECK(walk(world, "/organisations", "viewer") == std::pair{Names{"default"}, 1});
    const json page = body_of(world.call("GET /organisations?limit=1&cursor=3"));
    CHECK(page["items"][0]["name"] == "d");
    REQUIRE(page["items"][0]["sites"].size() == 1);
    CHECK(page["items"][0]["sites"][0]["name"] == "default");
}

TEST_CASE("lists: policies come by pages, and large ones fill a page sooner") {
    ApiWorld world;
    for (const char* name : {"role:b", "default", "role:a"}) put_policy(world, name);
    using Names = std::vector<std::string>;
    CHECK(walk(world, "/policies", "viewer") == std::pair{Names{"role:b", "default", "role:a"}, 2});
    const std::string large = R"({"checks":[{"id":")" + std::string(250'000, 'x') + R"("}]})";
    for (int i = 0; i < 12; ++i) put_policy(world, "role:r" + std::to_string(i), large);
    const auto [names, pages] = walk(world, "/policies", "viewer", 500);
    CHECK(names.size() == 15);
    CHECK(pages == 2);
    const auto first = world.call("GET /policies?limit=500", "viewer");
    CHECK(first.body.size() < 3 << 20);
}

TEST_CASE("lists: a page of nonsense is refused") {
    ApiWorld world;
    for (const char* path : {"/users", "/organisations", "/policies"}) {
        for (const char* query : {"?limit=0", "?limit=501", "?cursor=x", "?cursor=-1", "?page=2"}) {
            CAPTURE(path, query);
            CHECK(world.call(std::string("GET ") + path + query).status == 400);
        }
    }
}

TEST_CASE("lists: the mark of all policies changes with every write, and only then") {
    ApiWorld world;
    const auto mark = [&] { return records::policies_mark(*world.connection).value_or(-1); };
    const auto none = mark();
    put_policy(world, "default");
    const auto one = mark();
    CHECK(one != none);
    CHECK(mark() == one);
    REQUIRE(world.call("PUT /policies/default", "admin", R"({"interval_s":30})", "*").status ==
            200);
    CHECK(mark() != one);
    CHECK(mark() != none);
}
