#include "core/model/json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace gantry;
using nlohmann::json;

namespace {

Facts some_facts() {
    Facts facts;
    facts.hostname = "web01";
    facts.serial = "S\"1";
    facts.macs = {"aa:bb", "cc:dd"};
    facts.cpu_count = 2;
    facts.memory_bytes = std::int64_t{1} << 40;
    return facts;
}

std::vector<Command> all_commands() {
    const auto with = [](CommandBody body, std::optional<std::int64_t> version = {}) {
        return Command{OrganisationId{7}, "ann \u00e4", version, std::move(body)};
    };
    return {
        with(CreateIncident{"t", "d\n2", AssetId{3}, Level::high, Level::low, "hardware", "ops"}),
        with(AddNote{IncidentId{4}, "note", Visibility::public_}, 9),
        with(AssignIncident{IncidentId{4}, "bob", "night"}),
        with(ChangeIncidentState{IncidentId{4}, IncidentState::on_hold, HoldReason::vendor,
                                 CloseCode::none, "waits"}),
        with(ChangeIncidentState{IncidentId{4}, IncidentState::resolved, HoldReason::none,
                                 CloseCode::workaround, ""}),
        with(ChangePriority{IncidentId{4}, Level::high, Level::high, "vip"}),
        with(EnrolAgent{"uuid", "hash", 5, SiteId{6}, "server", some_facts()}),
        with(ReportFacts{"uuid", some_facts()}),
    };
}

std::string command_error(const std::string& text) {
    const auto command = decode_command(text);
    REQUIRE_FALSE(command.has_value());
    CHECK(command.error().code == ErrorCode::invalid_input);
    return command.error().message;
}

std::string policy_error(const std::string& text) {
    const auto policy = decode_policy(text, "policy");
    REQUIRE_FALSE(policy.has_value());
    return policy.error().message;
}

}  // namespace

TEST_CASE("json: every command survives the journal") {
    for (const Command& command : all_commands()) {
        const std::string text = encode(command);
        CAPTURE(text);
        const auto read = decode_command(text);
        REQUIRE(read.has_value());
        CHECK(read->organisation == command.organisation);
        CHECK(read->actor == command.actor);
        CHECK(read->expected_version == command.expected_version);
        CHECK(read->body.index() == command.body.index());
        CHECK(encode(*read) == text);
    }
}

TEST_CASE("json: a command that cannot be read says where") {
    CHECK(command_error("{").find("not valid JSON (byte 2)") != std::string::npos);
    CHECK(command_error("[]") == "the document must be an object");
    CHECK(command_error(R"({"command":"fly"})") == "command: \"fly\" is not a known command");
    CHECK(command_error(R"({"command":"add_note","incident":"x"})") ==
          "incident must be a whole number");
    CHECK(command_error(R"({"command":"enrol_agent"})") == "facts is missing");
    CHECK(command_error(R"({"command":"add_note","incident":18446744073709551615})") ==
          "incident must be a whole number");
    CHECK(command_error(R"({"command":"report_facts","facts":{"macs":[1]}})")
              .find("facts.macs must be a list of texts") != std::string::npos);
}

TEST_CASE("json: an incident's document has words, numbers and nulls where unset") {
    Incident incident;
    incident.id = IncidentId{12};
    incident.organisation = OrganisationId{1};
    incident.title = "bad \xff byte";
    incident.opened_at = from_ms(1'764'040'741'123);
    const json document = json::parse(to_json(incident));
    CHECK(document["number"] == "INC0000012");
    CHECK(document["state"] == "new");
    CHECK(document["impact"] == "medium");
    CHECK(document["asset_id"].is_null());
    CHECK(document["resolved_at"].is_null());
    CHECK(document["opened_at"] == "2025-11-25T03:19:01.123Z");
    CHECK(document["close_code"].is_null());
    CHECK(document["version"] == 1);
}

TEST_CASE("json: a delivery shows its payload as a value") {
    Delivery delivery;
    delivery.payload = R"({"schema":1})";
    CHECK(json::parse(to_json(delivery))["payload"]["schema"] == 1);
    delivery.payload = "broken";
    CHECK(json::parse(to_json(delivery))["payload"].is_null());
}

TEST_CASE("json: equal values give equal bytes") {
    Alert alert;
    alert.text = AlertText("generic", "key", "full", {{"a", "1"}, {"b", "2"}});
    CHECK(to_json(alert) == to_json(alert));
    CHECK(json::parse(to_json(alert))["labels"].dump() == R"({"a":"1","b":"2"})");
}

TEST_CASE("json: facts are read back whole, a strange key is refused") {
    CHECK(*decode_facts(to_json(some_facts())) == some_facts());
    CHECK(*decode_facts("{}") == Facts{});
    const auto bad = decode_facts(R"({"hostnam":"x"})");
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().message == "hostnam is not a known key; did you mean \"hostname\"?");
}

TEST_CASE("json: a policy is read back whole") {
    Policy policy;
    policy.name = "default";
    policy.etag = "e";
    policy.interval = Millis{1'500};
    CheckPolicy check;
    check.id = "disk";
    check.probe = "filesystem";
    check.metric = "system.filesystem.free";
    check.threshold.critical = 0.95;
    check.threshold.below = true;
    check.hold_for = Millis{60'000};
    check.needed = 2;
    check.window = 3;
    check.include = {"/", "/var*"};
    check.every = Millis{5'000};
    policy.checks.push_back(check);
    check = {};
    check.id = "p";
    check.probe = "plugin";
    check.command = {"/bin/true"};
    check.enabled = false;
    policy.checks.push_back(check);
    const auto read = decode_policy(to_json(policy), "x");
    REQUIRE(read.has_value());
    CHECK(to_json(*read) == to_json(policy));
    CHECK(read->checks[0].hold_for == Millis{60'000});
    CHECK(read->checks[0].threshold.critical == 0.95);
    CHECK_FALSE(read->checks[0].threshold.warning.has_value());
}

TEST_CASE("json: a policy's faults are named with their place") {
    CHECK(policy_error("{").find("policy is not valid JSON") == 0);
    CHECK(policy_error(R"({"check":[]})") ==
          "policy.check is not a known key; did you mean \"checks\"?");
    CHECK(policy_error(R"({"checks":[{"id":"a"}]})") == "policy.checks[0].probe is missing");
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"cpu","critcal":1}]})") ==
          "policy.checks[0].critcal is not a known key; did you mean \"critical\"?");
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"cpu","critical":"x"}]})") ==
          "policy.checks[0].critical must be a number");
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"cpu"},{"id":"a","probe":"cpu"}]})") ==
          "policy.checks[1].id: \"a\" stands twice");
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"cpu","needed":3,"window":2}]})") ==
          "policy.checks[0].needed must be from 1 to \"window\", 2");
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"plugin"}]})").find("command is needed") !=
          std::string::npos);
    CHECK(policy_error(R"({"interval_s":0})").find("policy.interval_s must be from") == 0);
    CHECK(policy_error(R"({"checks":[{"id":"a","probe":"cpu","window":4294967297}]})") ==
          "policy.checks[0].window must be a whole number");
}
