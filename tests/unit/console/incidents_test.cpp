#include <catch2/catch.hpp>

#include "api_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

template <class Body>
const Body& only_command(const ApiWorld& world) {
    REQUIRE(world.commands.submitted.size() == 1);
    const auto* body = std::get_if<Body>(&world.commands.submitted.front().body);
    REQUIRE(body != nullptr);
    return *body;
}

void answer_with(ApiWorld& world, const Incident& incident, std::int64_t version) {
    CommandOutcome outcome;
    outcome.incident = incident;
    outcome.incident->version = version;
    world.commands.outcome = outcome;
}

}  // namespace

TEST_CASE("incidents: pages follow each other by cursor to the end") {
    ApiWorld world;
    for (int id = 1; id <= 5; ++id) world.add_incident(id);
    const json first = body_of(world.call("GET /incidents?limit=2"));
    CHECK(first["items"].size() == 2);
    CHECK(first["items"][0]["number"] == "INC0000005");
    CHECK(first["next_cursor"] == "4");
    const json last = body_of(world.call("GET /incidents?limit=3&cursor=4"));
    CHECK(last["items"].size() == 3);
    CHECK(last["next_cursor"].is_null());
}

TEST_CASE("incidents: filters reach the desk as values") {
    ApiWorld world;
    CHECK(world.call("GET /incidents?open=true&state=on_hold&priority=2&asset=7").status == 200);
    CHECK(world.desk.asked_incidents.open == true);
    CHECK(world.desk.asked_incidents.state == IncidentState::on_hold);
    CHECK(world.desk.asked_incidents.priority == 2);
    CHECK(world.desk.asked_incidents.asset == AssetId{7});
}

TEST_CASE("incidents: one is shown with its version as ETag, and 304 when it is known") {
    ApiWorld world;
    world.add_incident(1);
    const auto response = world.call("GET /incidents/INC0000001");
    CHECK(response.status == 200);
    CHECK(header_of(response, "ETag") == "\"4\"");
    auto again = ApiWorld::request("GET /incidents/1", "admin");
    again.headers.emplace_back("If-None-Match", "\"4\"");
    const auto unchanged = world.send(again);
    CHECK(unchanged.status == 304);
    CHECK(unchanged.body.empty());
}

TEST_CASE("incidents: another tenant's do not exist") {
    ApiWorld world;
    world.add_incident(1);
    for (const char* line : {"GET /incidents/INC0000001", "GET /incidents/INC0000001/timeline",
                             "GET /incidents/nonsense"}) {
        CAPTURE(line);
        CHECK(world.call(line, "acme").status == 404);
    }
    CHECK(world.call("POST /incidents/1/notes", "acme", R"({"body":"x"})").status == 404);
    CHECK(world.call("PATCH /incidents/1", "acme", R"({"assignee":"x"})", "*").status == 404);
    CHECK(body_of(world.call("GET /incidents", "acme"))["items"].empty());
    CHECK(world.commands.submitted.empty());
}

TEST_CASE("incidents: the timeline is paged, oldest first") {
    ApiWorld world;
    world.add_incident(1);
    for (int id = 1; id <= 3; ++id) {
        TimelineEntry entry;
        entry.id = TimelineId{id};
        entry.incident = IncidentId{1};
        entry.organisation = OrganisationId{1};
        entry.body = "entry " + std::to_string(id);
        world.desk.timeline_rows.push_back(entry);
    }
    const json page = body_of(world.call("GET /incidents/1/timeline?limit=2"));
    CHECK(page["items"][0]["body"] == "entry 1");
    CHECK(page["next_cursor"] == "2");
}

TEST_CASE("incidents: one opened by hand belongs to the caller's home and answers 201") {
    ApiWorld world;
    answer_with(world, world.add_incident(9), 1);
    const auto response = world.call("POST /incidents", "technician",
                                     R"({"title":"Printer on fire","impact":"high"})");
    CHECK(response.status == 201);
    CHECK(header_of(response, "Location") == "/api/v1/incidents/INC0000009");
    CHECK(header_of(response, "ETag") == "\"1\"");
    const auto& create = only_command<CreateIncident>(world);
    CHECK(create.title == "Printer on fire");
    CHECK(create.impact == Level::high);
    CHECK(create.urgency == Level::medium);
    CHECK(world.commands.submitted[0].organisation == OrganisationId{1});
    CHECK(world.commands.submitted[0].actor == "technician");
}

TEST_CASE("incidents: one opened for an asset belongs to the asset's organisation") {
    ApiWorld world;
    world.add_asset(3, OrganisationId{2});
    answer_with(world, world.add_incident(9), 1);
    CHECK(world.call("POST /incidents", "admin", R"({"title":"x","asset":3})").status == 201);
    CHECK(world.commands.submitted.at(0).organisation == OrganisationId{2});
    CHECK(world.call("POST /incidents", "technician", R"({"title":"x","asset":3})").status == 404);
    const auto mixed = world.call("POST /incidents", "admin",
                                  R"({"title":"x","asset":3,"organisation":"default"})");
    CHECK(mixed.status == 400);
    CHECK(detail_of(mixed) == "asset 3 is not of the organisation default");
    CHECK(world.call("POST /incidents", "technician", R"({"title":"x","organisation":"acme"})")
              .status == 404);
    CHECK(world.commands.submitted.size() == 1);
}

TEST_CASE("incidents: creating takes only known keys, words and sizes") {
    ApiWorld world;
    const auto detail = [&](const std::string& body) {
        const auto response = world.call("POST /incidents", "admin", body);
        CHECK(response.status == 400);
        return detail_of(response);
    };
    CHECK(detail("{}") == "title is missing");
    CHECK(detail(R"({"titel":"x"})") == "\"titel\" is not a known key; did you mean \"title\"?");
    CHECK(detail(R"({"title":"x","impact":"huge"})") == "impact must be one of high, medium, low");
    CHECK(detail(R"({"title":"x","asset":1.5})").find("asset must be a whole number") == 0);
    CHECK(detail(R"({"title":"x","asset":18446744073709551615})").find("asset must be") == 0);
    CHECK(detail(R"({"title":")" + std::string(1025, 'x') + "\"}").find("at most 1024") !=
          std::string::npos);
    CHECK(world.commands.submitted.empty());
}

TEST_CASE("incidents: texts are stored without control characters") {
    ApiWorld world;
    answer_with(world, world.add_incident(9), 1);
    CHECK(world.call("POST /incidents", "admin", R"({"title":"a\u0000b\u001b[31mc"})").status ==
          201);
    const std::string title = only_command<CreateIncident>(world).title;
    CHECK(title.find('\x1b') == std::string::npos);
    CHECK(title.find('\0') == std::string::npos);
}

TEST_CASE("incidents: a text is bounded as it is stored, control characters grown") {
    ApiWorld world;
    const std::string text(k_max_description_bytes - 1, 'A');
    const auto response =
        world.call("POST /incidents/1/notes", "admin", R"({"body":")" + text + R"(\u001b"})");
    CHECK(response.status == 400);
    CHECK(detail_of(response).find("body has 16386 bytes; at most 16384") == 0);
    CHECK(world.commands.submitted.empty());
}

TEST_CASE("incidents: a note becomes a command in the incident's organisation") {
    ApiWorld world;
    answer_with(world, world.add_incident(1), 5);
    const auto response = world.call("POST /incidents/INC0000001/notes", "technician",
                                     R"({"body":"line 1\nline 2","visibility":"public"})");
    CHECK(response.status == 201);
    CHECK(header_of(response, "ETag") == "\"5\"");
    const auto& note = only_command<AddNote>(world);
    CHECK(note.incident == IncidentId{1});
    CHECK(note.body == "line 1\nline 2");
    CHECK(note.visibility == Visibility::public_);
    CHECK(world.call("POST /incidents/1/notes", "technician", "{}").status == 400);
}

TEST_CASE("incidents: a change needs If-Match, and the right one") {
    ApiWorld world;
    world.add_incident(1);
    const std::string body = R"({"assignee":"ann"})";
    CHECK(world.call("PATCH /incidents/1", "technician", body).status == 428);
    const auto stale = world.call("PATCH /incidents/1", "technician", body, "\"3\"");
    CHECK(stale.status == 412);
    CHECK(header_of(stale, "ETag") == "\"4\"");
    CHECK(world.call("PATCH /incidents/1", "technician", body, "W/\"4\"").status == 412);
    CHECK(world.call("PATCH /incidents/1", "technician", body, "4").status == 400);
    CHECK(world.commands.submitted.empty());
    answer_with(world, world.desk.incident_rows[0], 5);
    for (const char* good : {"\"4\"", "*", "\"3\", \"4\""}) {
        CAPTURE(good);
        CHECK(world.call("PATCH /incidents/1", "technician", body, good).status == 200);
        CHECK(world.commands.submitted.back().expected_version == 4);
    }
}

TEST_CASE("incidents: assignment keeps the part that is not named") {
    ApiWorld world;
    Incident& incident = world.add_incident(1);
    incident.assignee = "ann";
    incident.assignment_group = "night";
    answer_with(world, incident, 5);
    CHECK(world.call("PATCH /incidents/1", "technician", R"({"assignee":null})", "*").status ==
          200);
    const auto& assign = only_command<AssignIncident>(world);
    CHECK(assign.assignee.empty());
    CHECK(assign.assignment_group == "night");
}

TEST_CASE("incidents: a change of state carries its reason, code and notes") {
    ApiWorld world;
    answer_with(world, world.add_incident(1), 5);
    const auto response = world.call(
        "PATCH /incidents/1", "technician",
        R"({"state":"resolved","close_code":"workaround","notes":"turned it off and on"})", "*");
    CHECK(response.status == 200);
    const auto& state = only_command<ChangeIncidentState>(world);
    CHECK(state.to == IncidentState::resolved);
    CHECK(state.close_code == CloseCode::workaround);
    CHECK(state.notes == "turned it off and on");
}

TEST_CASE("incidents: a change of priority keeps the other level and needs a reason") {
    ApiWorld world;
    Incident& incident = world.add_incident(1);
    incident.impact = Level::low;
    answer_with(world, incident, 5);
    const auto bare = world.call("PATCH /incidents/1", "technician", R"({"urgency":"high"})", "*");
    CHECK(bare.status == 400);
    CHECK(detail_of(bare) == "reason is missing");
    CHECK(
        world.call("PATCH /incidents/1", "technician", R"({"urgency":"high","reason":"vip"})", "*")
            .status == 200);
    const auto& priority = only_command<ChangePriority>(world);
    CHECK(priority.impact == Level::low);
    CHECK(priority.urgency == Level::high);
}

TEST_CASE("incidents: one request makes one change") {
    ApiWorld world;
    world.add_incident(1);
    const auto detail = [&](const std::string& body) {
        const auto response = world.call("PATCH /incidents/1", "technician", body, "*");
        CHECK(response.status == 400);
        return detail_of(response);
    };
    CHECK(detail("{}").find("nothing to change") == 0);
    CHECK(detail(R"({"assignee":"ann","state":"in_progress"})").find("one request makes") == 0);
    CHECK(detail(R"({"notes":"x"})") == "notes belongs to a change of state, and state is missing");
    CHECK(detail(R"({"reason":"x"})").find("reason belongs to") == 0);
    CHECK(detail(R"({"state":"new_"})").find("state must be one of") == 0);
    CHECK(world.commands.submitted.empty());
}

TEST_CASE("incidents: a conflict of state is 409, one of version 412") {
    ApiWorld world;
    world.add_incident(1);
    world.commands.outcome = fail(ErrorCode::conflict, "INC0000001: closed -> new is not allowed");
    const std::string body = R"({"state":"new"})";
    const auto state = world.call("PATCH /incidents/1", "technician", body, "*");
    CHECK(state.status == 409);
    CHECK(detail_of(state) == "INC0000001: closed -> new is not allowed");

    world.commands.before = [&] { ++world.desk.incident_rows[0].version; };
    const auto version = world.call("PATCH /incidents/1", "technician", body, "*");
    CHECK(version.status == 412);
    CHECK(header_of(version, "ETag") == "\"5\"");
}

TEST_CASE("incidents: a full journal is 503 with Retry-After") {
    ApiWorld world;
    world.add_incident(1);
    world.commands.outcome = fail(ErrorCode::limit, "the journal's queue is full");
    const auto response = world.call("POST /incidents/1/notes", "admin", R"({"body":"x"})");
    CHECK(response.status == 503);
    CHECK(body_of(response)["code"] == "busy");
    CHECK(header_of(response, "Retry-After") == "5");
}
