// Status, alerts, assets, explanations, deliveries, tokens and policies.
#include <catch2/catch.hpp>
#include <fstream>

#include "cli_world.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("status: one screen that a person reads in a second") {
    CliWorld world;
    world.script.answer(
        "GET /status", 200,
        R"({"version":"1.0","uptime_s":65,"ready":true,"caller":{"name":"ann","role":"admin"},)"
        R"("incidents":{"open":3,"by_priority":{"1":1,"2":0,"3":2}},"alerts":{"firing":4},)"
        R"("agents":{"online":9,"offline":1},"journal":{"lag_records":0},)"
        R"("outbox":{"waiting":2,"dead":1},"last_error":{"connector":"hook","message":"500"}})");
    CHECK(world.run({"status"}) == 0);
    CHECK(world.out ==
          "gantryd     version 1.0, up 65 s\n"
          "incidents   3 open: 1 of priority 1, 2 of priority 3\n"
          "alerts      4 firing\n"
          "agents      9 online, 1 offline\n"
          "journal     0 records behind\n"
          "deliveries  2 waiting, 1 dead\n"
          "last error  hook: 500\n"
          "you are     ann (admin)\n");
}

TEST_CASE("alerts: listed with their incident's number, filtered by parameters") {
    CliWorld world;
    world.script.answer("GET /alerts", 200,
                        page_json({R"({"id":1,"state":"firing","severity":"critical",)"
                                   R"("started_at":"2025-11-24T15:00:00Z","source":"generic",)"
                                   R"("incident_id":12,"summary":"no coffee"})"}));
    CHECK(world.run({"alerts", "--state", "firing", "--key", "a/b"}) == 0);
    CHECK(world.query() == "state=firing&key=a%2Fb&limit=50");
    CHECK(world.out.find("INC0000012") != std::string::npos);
    CHECK(world.out.find("60m") != std::string::npos);
    CHECK(world.run({"alerts", "list"}) == 0);
    CHECK(world.query() == "limit=50");
}

TEST_CASE("alerts: show prints labels in one line") {
    CliWorld world;
    world.script.answer("GET /alerts/1", 200,
                        R"({"id":1,"summary":"s","labels":{"host":"web01","check":"disk"}})");
    CHECK(world.run({"alerts", "show", "1"}) == 0);
    CHECK(world.out.find("labels   host=web01 check=disk\n") != std::string::npos);
}

TEST_CASE("assets: listed and shown with their facts") {
    CliWorld world;
    const std::string asset =
        R"({"id":7,"name":"web01","class":"server","facts":{"os_name":"Debian",)"
        R"("os_version":"12","cpu_count":2},"last_seen_at":"2025-11-24T16:00:00Z"})";
    world.script.answer("GET /assets", 200, page_json({asset}));
    CHECK(world.run({"assets"}) == 0);
    CHECK(world.out.find("Debian 12") != std::string::npos);
    world.script.answer("GET /assets/7", 200, asset);
    CHECK(world.run({"assets", "show", "7"}) == 0);
    CHECK(world.out.find("cpu_count   2\n") != std::string::npos);
}

TEST_CASE("explain: each decision with its sentences; rules as fields only in JSON") {
    CliWorld world;
    world.script.answer(
        "GET /explain/INC0000001", 200,
        R"({"subject":"INC0000001 disk","more":true,"decisions":[{"id":5,"journal_seq":9,)"
        R"("at":"2025-11-24T16:00:00Z","outcome":"incident_opened","sentences":["It is new."],)"
        R"("rule":"critical","rules_passed":["info: did not hold"]}]})");
    CHECK(world.run({"explain", "INC0000001"}) == 0);
    CHECK(world.out ==
          "INC0000001 disk\n"
          "(older decisions exist)\n"
          "\n"
          "2025-11-24 16:00:00  incident_opened  (decision 5, journal 9)\n"
          "  It is new.\n");
    CHECK(world.run({"explain", "INC0000001", "--json"}) == 0);
    CHECK(json::parse(world.out)["decisions"][0]["rules_passed"][0] == "info: did not hold");
}

TEST_CASE("deliveries: listed, shown, retried and discarded") {
    CliWorld world;
    const std::string row =
        R"({"id":3,"state":"dead","connector":"hook","incident":"INC0000001",)"
        R"("operation":"open","attempts":9,"last_error":"500","payload":{"schema":1}})";
    world.script.answer("GET /deliveries", 200, page_json({row}));
    CHECK(world.run({"deliveries", "--state", "dead"}) == 0);
    CHECK(world.out.find("3   dead   hook") != std::string::npos);
    world.script.answer("GET /deliveries/3", 200, row);
    CHECK(world.run({"deliveries", "show", "3"}) == 0);
    CHECK(world.out.find("{\"schema\":1}") != std::string::npos);
    world.script.answer("POST /deliveries/3/retry", 200,
                        R"({"id":3,"connector":"hook","state":"pending"})");
    CHECK(world.run({"deliveries", "retry", "3"}) == 0);
    CHECK(world.out == "delivery 3 to hook is pending again\n");
    world.script.answer("POST /deliveries/3/discard", 200,
                        R"({"id":3,"connector":"hook","state":"discarded"})");
    CHECK(world.run({"deliveries", "discard", "3"}) == 0);
    CHECK(world.out == "delivery 3 to hook is discarded; what waited behind it goes on\n");
}

TEST_CASE("tokens: the text alone is on standard output, what it is on standard error") {
    CliWorld world;
    const std::string made =
        R"({"token":"gantry_enrol_x","id":2,"kind":"enrolment","role":"server","expires_at":null})";
    world.script.answer("POST /tokens", 201, made);
    CHECK(world.run({"tokens", "create", "--organisation", "default", "--site", "default", "--role",
                     "server"}) == 0);
    CHECK(world.out == "gantry_enrol_x\n");
    CHECK(world.err.find("enrolment token 2, role server, never expires") != std::string::npos);
    CHECK(world.sent() == json{{"kind", "enrolment"},
                               {"organisation", "default"},
                               {"site", "default"},
                               {"role", "server"}});
    CHECK(world.run({"tokens", "create", "--role", "server", "--json"}) == 0);
    CHECK(json::parse(world.out)["token"] == "gantry_enrol_x");
    CHECK(world.err.empty());
}

TEST_CASE("tokens: api tokens, lists and revocation") {
    CliWorld world;
    world.script.answer("POST /tokens", 201, R"({"token":"t","id":3,"kind":"api"})");
    CHECK(world.run({"tokens", "create", "--api", "--role", "viewer", "--label", "wall",
                     "--expires-in", "0", "--all-organisations"}) == 0);
    CHECK(world.sent() == json{{"kind", "api"},
                               {"role", "viewer"},
                               {"label", "wall"},
                               {"expires_in_s", 0},
                               {"all_organisations", true}});
    world.script.answer("GET /tokens", 200,
                        page_json({R"({"id":3,"kind":"enrolment","role":"server","label":"rack",)"
                                   R"("uses":2,"max_uses":5})"}));
    CHECK(world.run({"tokens", "list"}) == 0);
    CHECK(world.out.find("2/5") != std::string::npos);
    world.script.answer("DELETE /tokens/3", 204, "");
    CHECK(world.run({"tokens", "revoke", "3"}) == 0);
    CHECK(world.out == "token 3 is revoked\n");
    CHECK(world.run({"tokens", "revoke", "3", "--json"}) == 0);
    CHECK(world.out.empty());
}

TEST_CASE("policies: a YAML file is written as a layer, created when there is none") {
    TemporaryDirectory directory;
    const std::string file = directory.file("p.yaml");
    std::ofstream(file)
        << "name: role:server\ninterval_s: 5\nchecks:\n  - id: cpu\n    probe: cpu\n"
           "    warning: 0.9\n    enabled: true\n    include: [a, \"1\"]\n";
    CliWorld world;
    world.script.refuse("GET /policies/role%3Aserver", 404, "not_found", "there is no policy");
    world.script.answer("PUT /policies/role%3Aserver", 201, R"({"version":1})");
    CHECK(world.run({"policies", "put", file}) == 0);
    CHECK(world.out == "policy role:server has version 1 now\n");
    CHECK(world.sent() ==
          json::parse(R"({"name":"role:server","interval_s":5,"checks":[{"id":"cpu",)"
                      R"("probe":"cpu","warning":0.9,"enabled":true,"include":["a","1"]}]})"));
    CHECK_FALSE(http::find_header(world.script.asked.back().headers, "If-Match").has_value());
}

TEST_CASE("policies: an existing layer is changed under its version, as named on the line") {
    TemporaryDirectory directory;
    const std::string file = directory.file("p.json");
    std::ofstream(file) << R"({"interval_s": 5})";
    CliWorld world;
    CHECK(world.run({"policies", "put", file}) == 1);
    CHECK(world.err.find("--name") != std::string::npos);
    world.script.answer("GET /policies/default", 200, R"({"version":7})", "\"7\"");
    world.script.answer("PUT /policies/default", 200, R"({"version":8})");
    CHECK(world.run({"policies", "put", file, "--name", "default", "--organisation", "acme"}) == 0);
    CHECK(http::find_header(world.script.asked.back().headers, "If-Match") == "\"7\"");
    CHECK(world.query() == "organisation=acme");
    CHECK(world.run({"policies", "put", directory.file("missing")}) == 2);
}

TEST_CASE("policies: listed with their owner, shown as a document") {
    CliWorld world;
    world.script.answer("GET /policies", 200,
                        page_json({R"({"name":"default","organisation_id":null,"version":2,)"
                                   R"("document":{"checks":[{},{}]}})"}));
    CHECK(world.run({"policies"}) == 0);
    CHECK(world.out.find("default  all           2") != std::string::npos);
    world.script.answer("GET /policies/default", 200, R"({"document":{"interval_s":5}})");
    CHECK(world.run({"policies", "show", "default"}) == 0);
    CHECK(world.out == "{\n  \"interval_s\": 5\n}\n");
}
