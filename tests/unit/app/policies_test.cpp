#include "app/gantryd/policies.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "core/model/json.hpp"

using namespace gantry;
using namespace gantry::app;
using nlohmann::json;
using records::PolicyRow;

namespace {

const std::string k_built_in = R"({"name":"built in","interval_s":15,"checks":[
    {"id":"cpu","probe":"cpu","warning":0.8,"critical":0.95},
    {"id":"disk","probe":"filesystem","warning":0.85,"critical":0.95}]})";

PolicyRow row(std::string name, std::string document, std::int64_t organisation = 0) {
    PolicyRow out;
    out.name = std::move(name);
    out.organisation = OrganisationId{organisation};
    out.document = std::move(document);
    return out;
}

EndpointPlace place(std::int64_t organisation = 1, std::int64_t site = 10,
                    std::string role = "server", std::string agent_id = "a1") {
    return {OrganisationId{organisation}, SiteId{site}, std::move(role), std::move(agent_id)};
}

// A layer that names itself.
PolicyRow named(const std::string& name, std::int64_t organisation = 0) {
    return row(name, json{{"name", name}}.dump(), organisation);
}

struct World {
    Policies policies{k_built_in, telemetry::Log::silent()};
    json effective(const EndpointPlace& where = place()) {
        return json::parse(policies.effective(where).json);
    }
    std::string name(const EndpointPlace& where = place()) {
        return effective(where)["name"].get<std::string>();
    }
};

}  // namespace

TEST_CASE("policies: without a layer it is the built-in one, with an etag") {
    World world;
    const auto document = world.policies.effective(place());
    const auto policy = decode_policy(document.json, "effective");
    REQUIRE(policy);
    CHECK(policy->name == "built in");
    CHECK(policy->etag == document.etag);
    CHECK_FALSE(document.etag.empty());
    CHECK(document.interval_s == 15);
    CHECK(policy->checks.size() == 2);
}

TEST_CASE("policies: later layers win: default, organisation, site, role, endpoint") {
    World world;
    std::vector<PolicyRow> rows;
    // Given in the wrong order: only their names count.
    for (const char* name :
         {"endpoint:a1", "role:server", "site:10", "organisation:1", "default"}) {
        rows.push_back(named(name));
    }
    while (!rows.empty()) {
        world.policies.load(rows);
        CHECK(world.name() == rows.front().name);
        rows.erase(rows.begin());
    }
    world.policies.load({});
    CHECK(world.name() == "built in");
}

TEST_CASE("policies: a layer is for its own place, another endpoint does not see it") {
    World world;
    world.policies.load(
        {named("organisation:1"), named("site:20"), named("role:desk"), named("endpoint:b2")});
    CHECK(world.name() == "organisation:1");
    CHECK(world.name(place(2)) == "built in");
    CHECK(world.name(place(1, 20)) == "site:20");
    CHECK(world.name(place(1, 20, "desk")) == "role:desk");
    CHECK(world.name(place(1, 10, "server", "b2")) == "endpoint:b2");
    CHECK(world.name(place(1, 10, "server", "b")) == "organisation:1");
    CHECK(world.name(place(11, 1)) == "built in");
}

TEST_CASE("policies: a layer of one organisation is not seen by another's endpoints") {
    World world;
    world.policies.load({named("default", 2), named("role:server", 2), named("endpoint:a1", 2),
                         named("organisation:1", 2)});
    CHECK(world.name(place(1)) == "built in");
    CHECK(world.name(place(2)) == "endpoint:a1");
}

TEST_CASE("policies: checks are merged by id, key by key; new ones are added, the rest stays") {
    World world;
    world.policies.load(
        {row("default", R"({"checks":[{"id":"disk","critical":0.98},
                                       {"id":"load","probe":"load","warning":4}]})"),
         row("role:server", R"({"interval_s":60,"checks":[{"id":"disk","warning":0.9},
                                       {"id":"cpu","enabled":false}]})")});
    const json document = world.effective();
    REQUIRE(document["checks"].size() == 3);
    const json& cpu = document["checks"][0];
    CHECK(cpu["id"] == "cpu");
    CHECK(cpu["warning"] == 0.8);
    CHECK(cpu["enabled"] == false);
    CHECK(document["checks"][1] ==
          json{{"id", "disk"}, {"probe", "filesystem"}, {"warning", 0.9}, {"critical", 0.98}});
    CHECK(document["checks"][2]["id"] == "load");
    CHECK(world.policies.effective(place()).interval_s == 60);
}

TEST_CASE("policies: null takes a check's key away") {
    World world;
    world.policies.load({row("default", R"({"checks":[{"id":"disk","warning":null}]})")});
    CHECK_FALSE(world.effective()["checks"][1].contains("warning"));
}

TEST_CASE("policies: the etag changes with the document, and only with it") {
    World world;
    const std::string before = world.policies.effective(place()).etag;
    CHECK(world.policies.effective(place(1, 10, "server", "a2")).etag == before);
    world.policies.load({row("default", R"({"interval_s":20})")});
    const std::string changed = world.policies.effective(place()).etag;
    CHECK(changed != before);
    world.policies.load({row("default", R"({"interval_s":20})"), named("site:99")});
    CHECK(world.policies.effective(place()).etag == changed);
    world.policies.load({row("default", R"({"etag":"mine"})")});
    CHECK(world.policies.effective(place()).etag == before);  // nobody chooses it
    world.policies.load({});
    CHECK(world.policies.effective(place()).etag == before);
    Policies restarted{k_built_in, telemetry::Log::silent()};
    CHECK(restarted.effective(place()).etag == before);
}

TEST_CASE("policies: endpoints of one place share a document, however many there are") {
    World world;
    world.policies.load({named("endpoint:a7")});
    std::set<std::string> etags;
    for (int i = 0; i < 12'000; ++i) {
        etags.insert(world.policies.effective(place(1, 10, "r", "a" + std::to_string(i))).etag);
    }
    CHECK(etags.size() == 2);
    // And many places are bounded, not mixed up.
    for (int i = 0; i < 10'500; ++i) (void)world.policies.effective(place(1, i));
    CHECK(world.name(place(1, 3, "server", "a7")) == "endpoint:a7");
    CHECK(world.name(place(1, 3, "server", "a8")) == "built in");
}

TEST_CASE("policies: roles and agents with odd names are not mixed up") {
    World world;
    world.policies.load({named("role:a/b"), named("endpoint:b"), named("endpoint:")});
    CHECK(world.name(place(1, 10, "a", "b")) == "endpoint:b");
    CHECK(world.name(place(1, 10, "a/b", "x")) == "role:a/b");
    CHECK(world.name(place(1, 10, "a", "x")) == "built in");
}

TEST_CASE("policies: a layer that agents would refuse is refused, naming what is wrong") {
    const World world;
    const auto error = [&](const std::string& document) {
        const auto checked = world.policies.check(row("site:1", document));
        return checked
                   ? std::string()
                   : to_string(checked.error().code) + std::string(" ") + checked.error().message;
    };
    CHECK(error(R"({"interval_s":20})").empty());
    CHECK(error("{}").empty());
    for (const char* bad :
         {"", "[]", "7", "null", "{", R"({"intervall_s":20})", R"({"interval_s":"x"})",
          R"({"checks":{}})", R"({"checks":[7]})", R"({"checks":[null]})",
          R"({"checks":[7,{"id":"cpu"}]})", R"({"checks":[{"id":"cpu"},"x",{"id":"disk"}]})",
          R"({"checks":[{"probe":"cpu"}]})", R"({"checks":[{"id":7,"probe":"cpu"}]})",
          R"({"checks":[{"id":"new"}]})", R"({"checks":[{"id":"cpu","warning":"high"}]})",
          R"({"checks":[{"id":"x","probe":"cpu"},{"id":"x","probe":7}]})", "{\"name\":\"\xff\"}"}) {
        CAPTURE(bad);
        std::string said;
        CHECK_NOTHROW(said = error(bad));
        INFO(said);
        CHECK(said.starts_with("invalid_input "));
        CHECK(said.find("site:1") != std::string::npos);
    }
}

TEST_CASE("policies: a bad layer in the records is left out, the others stand") {
    World world;
    world.policies.load({row("default", R"({"interval_s":30})"), row("site:10", "{"),
                         row("role:server", R"({"checks":[7,{"id":"cpu"}]})"),
                         named("endpoint:a1")});
    CHECK(world.name() == "endpoint:a1");
    CHECK(world.policies.effective(place()).interval_s == 30);
    CHECK(world.effective()["checks"].size() == 2);
}
