// Alerts, decisions, explanations, assets, deliveries, policies and status.
#include <catch2/catch.hpp>

#include "api_world.hpp"
#include "core/records/alerts.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

void save_alerts(ApiWorld& world) {
    Changes changes;
    for (std::int64_t id = 1; id <= 3; ++id) {
        Alert alert;
        alert.id = AlertId{id};
        alert.organisation = OrganisationId{id == 3 ? 2 : 1};
        alert.text = AlertText("generic", "key " + std::to_string(id), "summary", {});
        alert.asset = AssetId{id == 3 ? 7 : 8};
        alert.state = id == 2 ? AlertState::resolved : AlertState::firing;
        changes.alerts.push_back(alert);
        Decision decision;
        decision.id = DecisionId{id};
        decision.organisation = alert.organisation;
        decision.alert = alert.id;
        changes.decisions.push_back(decision);
    }
    changes.cursor = JournalSeq{3};
    REQUIRE(records::save_changes(*world.connection, changes).has_value());
}

Delivery& add_delivery(ApiWorld& world, std::int64_t id, DeliveryState state) {
    Delivery delivery;
    delivery.id = DeliveryId{id};
    delivery.organisation = OrganisationId{1};
    delivery.connector = "hook";
    delivery.state = state;
    world.desk.delivery_rows.push_back(delivery);
    return world.desk.delivery_rows.back();
}

}  // namespace

TEST_CASE("alerts: filtered, within the scope") {
    ApiWorld world;
    save_alerts(world);
    CHECK(body_of(world.call("GET /alerts"))["items"].size() == 3);
    CHECK(body_of(world.call("GET /alerts", "viewer"))["items"].size() == 2);
    CHECK(body_of(world.call("GET /alerts?state=firing", "viewer"))["items"][0]["id"] == 1);
    auto by_key = ApiWorld::request("GET /alerts", "admin");
    by_key.query.emplace_back("key", "key 2");
    CHECK(body_of(world.send(by_key))["items"][0]["id"] == 2);
    CHECK(body_of(world.call("GET /alerts?asset=7"))["items"].empty());
    world.alert_finder.known[AssetId{7}] = {AlertId{9}, AlertId{3}, AlertId{2}, AlertId{1}};
    CHECK(body_of(world.call("GET /alerts?asset=7"))["items"].size() == 1);
    CHECK(body_of(world.call("GET /alerts?asset=7", "viewer"))["items"].empty());
    CHECK(world.call("GET /alerts/1", "viewer").status == 200);
    CHECK(world.call("GET /alerts/3", "viewer").status == 404);
    CHECK(world.call("GET /alerts/x").status == 404);
}

TEST_CASE("alerts: those of an asset come in pages, however few are looked at once") {
    ApiWorld world;
    Changes changes;
    changes.cursor = JournalSeq{1};
    for (std::int64_t id = 1; id <= 20; ++id) {
        Alert alert;
        alert.id = AlertId{id};
        alert.organisation = OrganisationId{1};
        alert.text = AlertText("generic", "key " + std::to_string(id), "summary", {});
        alert.asset = AssetId{7};
        alert.state = id % 3 == 0 ? AlertState::firing : AlertState::resolved;
        changes.alerts.push_back(alert);
    }
    REQUIRE(records::save_changes(*world.connection, changes).has_value());
    for (std::int64_t id = 22; id > 0; --id) {  // two are on their way to the store
        world.alert_finder.known[AssetId{7}].push_back(AlertId{id});
    }
    for (const std::size_t at_once : {1U, 2U, 7U, 100U}) {
        world.alert_finder.at_once = at_once;
        for (const int limit : {1, 2, 3, 6, 7}) {
            std::vector<std::int64_t> ids;
            std::string cursor;
            for (int pages = 0; pages < 10; ++pages) {
                auto request = ApiWorld::request("GET /alerts?asset=7&state=firing", "viewer");
                request.query.emplace_back("limit", std::to_string(limit));
                if (!cursor.empty()) request.query.emplace_back("cursor", cursor);
                const json page = body_of(world.send(request));
                for (const auto& item : page["items"]) ids.push_back(item["id"]);
                if (page["next_cursor"].is_null()) break;
                cursor = page["next_cursor"];
            }
            INFO(at_once << " at once, pages of " << limit);
            CHECK(ids == std::vector<std::int64_t>{18, 15, 12, 9, 6, 3});
        }
    }
}

TEST_CASE("decisions: listed by alert, within the scope") {
    ApiWorld world;
    save_alerts(world);
    const json page = body_of(world.call("GET /decisions?alert=1", "viewer"));
    REQUIRE(page["items"].size() == 1);
    CHECK(page["items"][0]["alert_id"] == 1);
    CHECK(body_of(world.call("GET /decisions?alert=3", "viewer"))["items"].empty());
}

TEST_CASE("explain: the explanation with its decisions and sentences") {
    ApiWorld world;
    const auto response = world.call("GET /explain/alert:12", "viewer");
    CHECK(response.status == 200);
    CHECK(world.explainer.asked == "alert:12");
    const json document = body_of(response);
    CHECK(document["subject"] == "alert 12");
    CHECK(document["decisions"][0]["id"] == 5);
    CHECK(document["decisions"][0]["sentences"][0] == "It is new.");
    CHECK(document["decisions"][0]["rule"] == "critical");
    CHECK(world.call("GET /explain/99").status == 404);
}

TEST_CASE("assets: listed by part of the name, shown by id") {
    ApiWorld world;
    world.add_asset(1);
    world.add_asset(2, OrganisationId{2});
    CHECK(body_of(world.call("GET /assets?name=web", "viewer"))["items"].size() == 1);
    CHECK(world.desk.asked_assets.name_contains == "web");
    CHECK(body_of(world.call("GET /assets/1", "viewer"))["name"] == "web01");
    CHECK(world.call("GET /assets/2", "viewer").status == 404);
}

TEST_CASE("deliveries: listed, shown, and retried only when dead") {
    ApiWorld world;
    add_delivery(world, 1, DeliveryState::dead);
    add_delivery(world, 2, DeliveryState::delivered);
    CHECK(body_of(world.call("GET /deliveries?state=dead&connector=hook"))["items"].size() == 2);
    CHECK(world.desk.asked_deliveries.state == DeliveryState::dead);
    CHECK(body_of(world.call("GET /deliveries/1"))["state"] == "dead");
    CHECK(world.call("GET /deliveries/3").status == 404);
    CHECK(world.call("POST /deliveries/1/retry", "acme").status == 404);
    const auto retried = world.call("POST /deliveries/1/retry", "technician");
    CHECK(retried.status == 200);
    CHECK(body_of(retried)["state"] == "pending");
    CHECK(world.delivery_changes == 1);
    CHECK(world.call("POST /deliveries/2/retry").status == 409);
    CHECK(world.delivery_changes == 1);
    CHECK(world.call("POST /deliveries/1/retry", "admin", R"({"force":true})").status == 400);
}

TEST_CASE("deliveries: a dead one is discarded, once, by somebody who may") {
    ApiWorld world;
    add_delivery(world, 1, DeliveryState::dead);
    add_delivery(world, 2, DeliveryState::delivered);
    CHECK(world.call("POST /deliveries/1/discard", "acme").status == 404);
    CHECK(world.call("POST /deliveries/1/discard", "viewer").status == 403);
    CHECK(world.call("POST /deliveries/2/discard").status == 409);
    CHECK(world.delivery_changes == 0);
    const auto discarded = world.call("POST /deliveries/1/discard", "technician");
    CHECK(discarded.status == 200);
    CHECK(body_of(discarded)["state"] == "discarded");
    CHECK(world.delivery_changes == 1);  // what waited behind it is leased at once
    CHECK(world.call("POST /deliveries/1/discard").status == 409);
    CHECK(world.call("GET /deliveries?state=discarded").status == 200);
}

TEST_CASE("policies: created without If-Match, changed only with the right one") {
    ApiWorld world;
    const std::string body = R"({"name":"default","interval_s":5,"checks":[]})";
    const auto created = world.call("PUT /policies/default", "admin", body);
    INFO(created.body);
    CHECK(created.status == 201);
    CHECK(header_of(created, "ETag") == "\"1\"");
    CHECK(body_of(created)["organisation_id"].is_null());
    CHECK(world.policy_changes == 1);
    CHECK(world.call("PUT /policies/default", "admin", body).status == 428);
    CHECK(world.call("PUT /policies/default", "admin", body, "\"7\"").status == 412);
    const auto changed = world.call("PUT /policies/default", "admin", body, "\"1\"");
    CHECK(changed.status == 200);
    CHECK(header_of(changed, "ETag") == "\"2\"");
    CHECK(world.call("PUT /policies/role:server", "admin", "{}", "\"1\"").status == 412);
    CHECK(body_of(world.call("GET /policies/default"))["document"]["interval_s"] == 5);
}

TEST_CASE("policies: an organisation's admin writes its own layer and reads everybody's") {
    ApiWorld world;
    CHECK(world.call("PUT /policies/default", "admin", R"({"interval_s":5})").status == 201);
    const auto own = world.call("PUT /policies/default", "acme", R"({"interval_s":9})");
    CHECK(own.status == 201);
    CHECK(body_of(own)["organisation_id"] == 2);
    CHECK(body_of(world.call("GET /policies", "acme"))["items"].size() == 2);
    CHECK(body_of(world.call("GET /policies", "viewer"))["items"].size() == 1);
    CHECK(body_of(world.call("GET /policies/default"))["document"]["interval_s"] == 5);
    CHECK(body_of(world.call(
              "GET /policies/default?organisation=acme"))["document"]["interval_s"] == 9);
    CHECK(world.call("GET /policies/default?organisation=acme", "viewer").status == 404);
    CHECK(world.call("GET /policies/default", "viewer").status == 404);
}

TEST_CASE("policies: a layer that agents would not take is refused before it is stored") {
    ApiWorld world;
    world.policy_verdict = fail(ErrorCode::invalid_input, "default.checks[0].probe is missing");
    const auto response = world.call("PUT /policies/default", "admin", R"({"checks":[{}]})");
    CHECK(response.status == 400);
    CHECK(detail_of(response) == "default.checks[0].probe is missing");
    CHECK(body_of(world.call("GET /policies"))["items"].empty());
}

TEST_CASE("policies: names that are no layer, and documents of another name, are refused") {
    ApiWorld world;
    for (const char* name : {"defualt", "site:x", "site:0", "role:", "role:A B", "organisation:-1",
                             "endpoint:UPPER", "role:x:y"}) {
        CAPTURE(name);
        CHECK(world.call("PUT /policies/" + std::string(name), "admin", "{}").status == 400);
    }
    CHECK(world.call("PUT /policies/default", "admin", R"({"name":"other"})").status == 400);
    CHECK(world.call("PUT /policies/default", "admin", "[]").status == 400);
}

TEST_CASE("status: the server at a glance, counted within the scope") {
    ApiWorld world;
    save_alerts(world);
    world.clock.advance(Millis{65'000});
    const json all = body_of(world.call("GET /status"));
    CHECK(all["version"] == "1.2.3");
    CHECK(all["uptime_s"] == 65);
    CHECK(all["ready"] == true);
    CHECK(all["alerts"]["firing"] == 2);
    CHECK(all["agents"]["online"] == 7);
    CHECK(all["journal"]["lag_records"] == 3);
    CHECK(all["incidents"]["open"] == 0);
    CHECK(all["outbox"]["dead"] == 0);
    CHECK(all["last_error"].is_null());
    const json one = body_of(world.call("GET /status", "viewer"));
    CHECK(one["alerts"]["firing"] == 1);
    CHECK(one["agents"]["online"] == 1);
    CHECK(one["caller"]["role"] == "viewer");
}

TEST_CASE("status: open incidents by priority, waiting and failed deliveries") {
    ApiWorld world;
    const char* rows =
        "INSERT INTO incidents (id, organisation_id, site_id, asset_id, title, description, state,"
        " impact, urgency, priority, category, source, assignee, assignment_group, hold_reason,"
        " close_code, close_notes, opened_at, updated_at, resolved_at, closed_at, detected_at,"
        " alert_count, firing_count, reopen_count, taken_over, version) VALUES"
        " (1,1,1,0,'t','',0,1,1,1,'','','','',0,0,'',0,0,0,0,0,0,0,0,0,1),"
        " (2,1,1,0,'t','',2,2,2,3,'','','','',0,0,'',0,0,0,0,0,0,0,0,0,1),"
        " (3,1,1,0,'t','',3,2,2,3,'','','','',0,0,'',0,0,0,0,0,0,0,0,0,1);"
        "INSERT INTO outbox (id, organisation_id, connector, incident_id, operation,"
        " idempotency_key, payload, state, attempts, created_at, next_attempt_at, lease_until,"
        " delivered_at, last_error, remote_id) VALUES"
        " (1,1,'hook',1,0,'k','{}',0,0,0,0,0,0,'',''),"
        " (2,1,'hook',1,0,'k','{}',3,9,0,0,0,0,'answered 500',''),"
        " (3,1,'mail',1,0,'k','{}',2,1,0,0,0,0,'answered 400 once',''),"
        " (4,2,'hook',1,0,'k','{}',1,1,0,0,0,0,'theirs','')";
    REQUIRE(world.connection->execute(rows).has_value());
    const json status = body_of(world.call("GET /status", "viewer"));
    CHECK(status["incidents"]["open"] == 2);
    CHECK(status["incidents"]["by_priority"]["1"] == 1);
    CHECK(status["incidents"]["by_priority"]["3"] == 1);
    CHECK(status["outbox"]["waiting"] == 1);
    CHECK(status["outbox"]["dead"] == 1);
    CHECK(status["last_error"]["connector"] == "hook");
    CHECK(status["last_error"]["message"] == "answered 500");
}

TEST_CASE("policies: a blank body is an empty layer, whatever the blanks") {
    ApiWorld world;
    for (const char* body : {"  ", "\n", " {} "}) {
        const auto written = world.call("PUT /policies/default", "admin", body,
                                        world.policy_changes == 0 ? "" : "*");
        INFO(written.body);
        CHECK(written.status == (world.policy_changes == 1 ? 201 : 200));
    }
    CHECK(world.policy_changes == 3);
}
