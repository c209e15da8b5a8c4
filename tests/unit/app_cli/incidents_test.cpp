#include <catch2/catch.hpp>

#include "cli_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// Runs a change of INC0000001 and gives the PATCH's body.
json change(CliWorld& world, std::vector<std::string> words) {
    world.script.answer("GET /incidents/INC0000001", 200, incident_json(4), "\"4\"");
    world.script.answer("PATCH /incidents/INC0000001", 200, incident_json(5, "resolved"), "\"5\"");
    INFO(words[0]);
    words.insert(words.begin(), "incidents");
    CHECK(world.run(words) == 0);
    CHECK(world.script.asked.back().method == "PATCH");
    CHECK(http::find_header(world.script.asked.back().headers, "If-Match") == "\"4\"");
    CHECK(http::find_header(world.script.asked.back().headers, "Content-Type") ==
          "application/json");
    return world.sent();
}

}  // namespace

TEST_CASE("incidents: the word alone lists") {
    CliWorld world;
    world.clock.advance(Millis{0});
    world.script.answer("GET /incidents", 200, page_json({incident_json()}));
    CHECK(world.run({"incidents"}) == 0);
    CHECK(world.out ==
          "NUMBER      P  STATE  AGE  ASSIGNEE  TITLE\n"
          "INC0000001  1  new    2m             disk full\n");
    CHECK(world.query() == "limit=50");
    CHECK(world.run({"incidents", "list", "--no-headers"}) == 0);
    CHECK(world.out == "INC0000001  1  new  2m    disk full\n");
}

TEST_CASE("incidents: filters become parameters") {
    CliWorld world;
    world.script.answer("GET /incidents", 200, page_json({}));
    CHECK(world.run({"incidents", "--open", "--priority", "2", "--asset", "7"}) == 0);
    CHECK(world.query() == "open=true&priority=2&asset=7&limit=50");
    CHECK(world.out.empty());
    CHECK(world.err == "no incidents\n");
    CHECK(world.run({"incidents", "list", "--state", "on_hold", "--limit", "7"}) == 0);
    CHECK(world.query() == "state=on_hold&limit=7");
}

TEST_CASE("incidents: a list that goes on says how to see more") {
    CliWorld world;
    world.script.answer("GET /incidents", 200, page_json({incident_json()}, "\"1\""));
    CHECK(world.run({"incidents"}) == 0);
    CHECK(world.err == "more follow: --limit N or --all\n");
}

TEST_CASE("incidents: colours only on a terminal, and not against the user's will") {
    CliWorld world;
    world.script.answer("GET /incidents", 200, page_json({incident_json()}));
    world.terminal = true;
    CHECK(world.run({"incidents"}) == 0);
    CHECK(world.out.find("\033[") != std::string::npos);
    world.variables["NO_COLOR"] = "1";
    CHECK(world.run({"incidents"}) == 0);
    CHECK(world.out.find("\033[") == std::string::npos);
}

TEST_CASE("incidents: show gives fields, description and timeline with the asset's name") {
    CliWorld world;
    world.script.answer("GET /incidents/INC0000001", 200, incident_json(), "\"4\"");
    world.script.answer("GET /assets/7", 200, R"({"id":7,"name":"web01"})");
    world.script.answer("GET /incidents/INC0000001/timeline", 200,
                        page_json({R"({"at":"2025-11-24T16:00:00.000Z","actor":"gantry",)"
                                   R"("kind":"opened","visibility":"work_note","body":"a\nb"})"}));
    CHECK(world.run({"incidents", "show", "INC0000001"}) == 0);
    CHECK(world.out.find("asset     7 (web01)\n") != std::string::npos);
    CHECK(world.out.find("priority  1 (impact high, urgency high)\n") != std::string::npos);
    CHECK(world.out.find("    line 1\n    line 2\n") != std::string::npos);
    CHECK(world.out.find("  2025-11-24 16:00:00  gantry  opened\n    a\n    b\n") !=
          std::string::npos);
    CHECK(world.out.find("hold reason") == std::string::npos);
    CHECK(world.run({"incidents", "show", "INC0000001", "--json"}) == 0);
    CHECK(world.out == incident_json() + "\n");
}

TEST_CASE("incidents: each verb is one change under the version that was read") {
    {
        CliWorld world;
        CHECK(change(world, {"resolve", "INC0000001", "--code", "solved", "--notes", "done"}) ==
              json{{"state", "resolved"}, {"close_code", "solved"}, {"notes", "done"}});
        CHECK(world.out == "INC0000001 is resolved, priority 1\n");
    }
    {
        CliWorld world;
        CHECK(change(world, {"assign", "INC0000001", "ann"}) == json{{"assignee", "ann"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"assign", "INC0000001", "--group", "night"}) ==
              json{{"assignment_group", "night"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"assign", "INC0000001", ""}) == json{{"assignee", ""}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"reopen", "INC0000001"}) == json{{"state", "in_progress"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"hold", "INC0000001", "--reason", "vendor"}) ==
              json{{"state", "on_hold"}, {"hold_reason", "vendor"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"cancel", "INC0000001", "--code", "duplicate"}) ==
              json{{"state", "canceled"}, {"close_code", "duplicate"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"close", "INC0000001"}) == json{{"state", "closed"}});
    }
    {
        CliWorld world;
        CHECK(change(world, {"priority", "INC0000001", "--impact", "low", "--reason", "test"}) ==
              json{{"reason", "test"}, {"impact", "low"}});
    }
}

TEST_CASE("incidents: verbs without what they need are exit code 2") {
    CliWorld world;
    CHECK(world.run({"incidents", "assign", "INC0000001"}) == 2);
    CHECK(world.run({"incidents", "priority", "INC0000001", "--reason", "x"}) == 2);
    CHECK(world.run({"incidents", "hold", "INC0000001"}) == 2);
    CHECK(world.run({"incidents", "note", "INC0000001"}) == 2);
    CHECK(world.script.asked.empty());
}

TEST_CASE("incidents: when somebody is faster, the change is tried once more") {
    CliWorld world;
    world.script.answer("GET /incidents/1", 200, incident_json(4), "\"4\"");
    world.script.answer("GET /incidents/1", 200, incident_json(5), "\"5\"");
    world.script.refuse("PATCH /incidents/1", 412, "precondition_failed", "has version 5 now");
    world.script.answer("PATCH /incidents/1", 200, incident_json(6));
    CHECK(world.run({"incidents", "assign", "1", "ann"}) == 0);
    CHECK(world.script.asked.size() == 4);
    CHECK(http::find_header(world.script.asked.back().headers, "If-Match") == "\"5\"");
}

TEST_CASE("incidents: when somebody is always faster, it gives up with the reason") {
    CliWorld world;
    world.script.answer("GET /incidents/1", 200, incident_json(4), "\"4\"");
    world.script.refuse("PATCH /incidents/1", 412, "precondition_failed", "has version 9 now");
    CHECK(world.run({"incidents", "assign", "1", "ann"}) == 1);
    CHECK(world.script.asked.size() == 4);
    CHECK(world.err.find("has version 9 now") != std::string::npos);
}

TEST_CASE("incidents: notes and new incidents are posted") {
    CliWorld world;
    world.script.answer("POST /incidents/1/notes", 201, incident_json());
    CHECK(world.run({"incidents", "note", "1", "called the vendor", "--public"}) == 0);
    CHECK(world.sent() == json{{"body", "called the vendor"}, {"visibility", "public"}});
    world.script.answer("POST /incidents", 201, incident_json());
    CHECK(world.run({"incidents", "create", "Printer", "--impact", "low", "--asset", "7"}) == 0);
    CHECK(world.sent() == json{{"title", "Printer"}, {"asset", 7}, {"impact", "low"}});
}
