// The payload that a connector sends: fixed when written, and valid JSON whatever the texts are.
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/outbox/outbox_writer.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;
using Json = nlohmann::json;

namespace {

const char* const k_golden =
    R"({"schema":1,"operation":"open","idempotency_key":"INC0000001.1.chat",)"
    R"("at":"2025-11-24T16:00:10.000Z","incident":{"id":1,"number":"INC0000001",)"
    R"("organisation_id":2,"site_id":41,"asset_id":1,"title":"disk full on web1",)"
    R"("description":"","state":"new","impact":"medium","urgency":"high","priority":2,)"
    R"("category":"monitoring","source":"monitoring","assignee":null,)"
    R"("assignment_group":"night","hold_reason":null,"close_code":null,"close_notes":null,)"
    R"("opened_at":"2025-11-24T16:00:10.000Z","updated_at":"2025-11-24T16:00:10.000Z",)"
    R"("resolved_at":null,"closed_at":null,"detected_at":"2025-11-24T16:00:05.000Z",)"
    R"("alert_count":1,"firing_count":1,"reopen_count":0,"taken_over":false,"version":1},)"
    R"("asset":{"id":1,"name":"web1"},"organisation":{"id":2,"name":"acme"},)"
    R"("actor":"gantry","text":"used 97 %"})";

Subscription chat() {
    Subscription subscription;
    subscription.connector = "chat";
    return subscription;
}

struct Payloads : Store {
    std::string write(const Step& step, Operation operation = Operation::open) {
        OutboxWriter writer({chat()});
        must(writer.write(*connection, step.incident, operation, step.entry, sequences));
        return texts("SELECT payload FROM outbox ORDER BY id DESC", 1).at(0);
    }
};

Step opened() {
    IncidentAction action = open_action(1, k_theirs);
    action.asset = AssetId{1};
    return open_incident(action, SiteId{41});
}

}  // namespace

TEST_CASE("payload: says what, when, about which incident, asset and organisation, and why") {
    Payloads world;
    must(insert_asset(*world.connection, asset_of(1, k_theirs)));
    CHECK(world.write(opened()) == k_golden);
}

TEST_CASE("payload: an incident without an asset names none") {
    Payloads world;
    Step step = opened();
    step.incident.asset = AssetId{};
    const Json payload = Json::parse(world.write(step));
    CHECK(payload["asset"]["name"] == "");
    CHECK(payload["incident"]["asset_id"].is_null());
}

TEST_CASE("payload: tells each connector its own operation and key") {
    Payloads world;
    Subscription urgent = chat();
    urgent.connector = "urgent";
    urgent.min_priority = 1;
    OutboxWriter writer({chat(), urgent});
    Step step = opened();
    must(writer.write(*world.connection, step.incident, Operation::open, step.entry,
                      world.sequences));
    step.incident.priority = 1;
    step.incident.version = 2;
    must(writer.write(*world.connection, step.incident, Operation::update, step.entry,
                      world.sequences));
    const auto rows = world.texts("SELECT payload, idempotency_key FROM outbox ORDER BY id", 2);
    REQUIRE(rows.size() == 3);
    const std::pair<const char*, const char*> expected[] = {{"open", "INC0000001.1.chat"},
                                                            {"update", "INC0000001.2.chat"},
                                                            {"open", "INC0000001.2.urgent"}};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Json payload = Json::parse(rows[i].substr(0, rows[i].rfind('|')));
        CHECK(payload["operation"] == expected[i].first);
        CHECK(payload["idempotency_key"] == expected[i].second);
        CHECK(rows[i].ends_with(std::string("|") + expected[i].second));
    }
}

TEST_CASE("payload: what is told later is what was true then") {
    Payloads world;
    must(insert_asset(*world.connection, asset_of(1, k_theirs)));
    const std::string before = world.write(opened());
    must(world.connection->execute("UPDATE assets SET name = 'renamed'"));
    must(world.connection->execute("UPDATE organisations SET name = 'sold' WHERE id = 2"));
    CHECK(world.texts("SELECT payload FROM outbox", 1) == Texts{before});
}

TEST_CASE("payload: is valid JSON and UTF-8 whatever the texts hold") {
    const std::string odd[] = {
        ("Gr\xc3\xb6\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x94\xa5"),
        "quote \" backslash \\ slash / tab \t newline \n",
        std::string("nul \0 bell \x07 delete \x7f", 21),
        "broken \xff\xfe \xc3",
        "surrogate \xed\xa0\x80",
        "cut \xf0\x9f\x94",
        "{\"operation\":\"resolve\"}",
        "</script><b>\xe2\x80\xae",
        "",
    };
    for (const std::string& text : odd) {
        CAPTURE(text);
        Payloads world;
        Step step = opened();
        step.incident.title = text;
        step.incident.close_notes = text;
        step.incident.assignee = text;
        step.entry.actor = text;
        step.entry.body = text;
        const std::string payload = world.write(step);
        CHECK(is_utf8(payload));
        const Json parsed = Json::parse(payload, nullptr, false);
        REQUIRE(parsed.is_object());
        CHECK(parsed["operation"] == "open");
        CHECK(parsed["schema"] == 1);
        if (is_utf8(text)) {
            CHECK(parsed["text"] == text);
            CHECK(parsed["actor"] == text);
            CHECK(parsed["incident"]["title"] == text);
        } else {
            const std::string told = parsed["text"];
            CHECK(told.find("\xef\xbf\xbd") != std::string::npos);
            CHECK(told == parsed["incident"]["title"]);
        }
    }
}
