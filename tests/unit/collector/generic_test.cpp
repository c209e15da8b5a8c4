#include "collector/intake/generic.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using collector::GenericIntake;

namespace {

const OrganisationId k_org{3};
const Instant k_now = from_ms(1'764'000'000'000);

Result<collector::IntakeBatch> parse(std::string body) {
    GenericIntake intake;
    return intake.parse(body, k_org, k_now);
}

std::string error_of(const std::string& body) {
    const auto batch = parse(body);
    REQUIRE_FALSE(batch.has_value());
    CHECK(batch.error().code == ErrorCode::invalid_input);
    return batch.error().message;
}

}  // namespace

TEST_CASE("generic: one object becomes one event with all its parts") {
    const auto batch = parse(R"({"key":"disk/web01","status":"firing","severity":"critical",
        "summary":"/ is full","description":"d","host":"web01","service":"shop",
        "labels":{"team":"ops"},"evidence":{"used":"97 %","free_bytes":12,"ro":true},
        "starts_at":"2025-11-24T16:00:00Z","expires_after_s":300})");
    REQUIRE(batch.has_value());
    REQUIRE(batch->events.size() == 1);
    const Event& event = batch->events.front();
    CHECK(event.organisation == k_org);
    CHECK(event.source == "generic");
    CHECK(event.key == "disk/web01");
    CHECK(event.action == EventAction::firing);
    CHECK(event.severity == Severity::critical);
    CHECK(event.summary == "/ is full");
    CHECK(event.description == "d");
    CHECK(event.host == "web01");
    CHECK(event.labels == Labels{{"host", "web01"}, {"service", "shop"}, {"team", "ops"}});
    CHECK(event.evidence == Labels{{"free_bytes", "12"}, {"ro", "true"}, {"used", "97 %"}});
    CHECK(event.observed_at == *parse_rfc3339("2025-11-24T16:00:00Z"));
    CHECK(event.expires_after == std::chrono::seconds{300});
    CHECK(batch->warnings.empty());
}

TEST_CASE("generic: scalars of every kind become texts of their own") {
    const auto batch = parse(R"({"key":"k","summary":"s","evidence":{"a":1,"b":-2.5,"c":"t",
        "d":18446744073709551615,"e":false,"f":"u","g":null}})");
    REQUIRE(batch.has_value());
    CHECK(batch->events.front().evidence == Labels{{"a", "1"},
                                                   {"b", "-2.5"},
                                                   {"c", "t"},
                                                   {"d", "18446744073709551615"},
                                                   {"e", "false"},
                                                   {"f", "u"}});
}

TEST_CASE("generic: an array and an alerts object are batches") {
    const std::string one = R"({"key":"k","summary":"s"})";
    CHECK(parse("[" + one + "," + one + "]")->events.size() == 2);
    CHECK(parse("{\"alerts\":[" + one + "]}")->events.size() == 1);
    CHECK(parse("[]")->events.empty());
}

TEST_CASE("generic: without a key the labels identify the alert, in any order") {
    const auto a = parse(R"({"summary":"s","labels":{"a":"1","b":"2"}})");
    const auto b = parse(R"({"summary":"other","labels":{"b":"2","a":"1"}})");
    const auto c = parse(R"({"summary":"s","labels":{"a":"1","b":"3"}})");
    CHECK(a->events[0].key.size() == 16);
    CHECK(a->events[0].key == b->events[0].key);
    CHECK(a->events[0].key != c->events[0].key);
}

TEST_CASE("generic: words of other tools are understood") {
    CHECK(parse(R"({"dedup_key":"k","event_action":"resolve"})")->events[0].action ==
          EventAction::resolved);
    CHECK(parse(R"({"key":"k","title":"t","severity":"error"})")->events[0].severity ==
          Severity::critical);
    CHECK(parse(R"({"key":"k","message":"m","node":"n"})")->events[0].host == "n");
    CHECK(parse(R"({"key":"k","summary":"s","labels":{"instance":"db1:9100"}})")->events[0].host ==
          "db1:9100");
}

TEST_CASE("generic: an unknown key is kept as evidence and the likely one is named") {
    const auto batch = parse(R"({"key":"k","summary":"s","sevrity":"critical","nested":{"a":1}})");
    REQUIRE(batch.has_value());
    CHECK(batch->events[0].severity == Severity::warning);
    REQUIRE(batch->warnings.size() == 2);
    CHECK(batch->warnings[0] ==
          "sevrity is not a known key and was kept as evidence; did you mean severity?");
    CHECK(batch->warnings[1].find("was left out") != std::string::npos);
    CHECK(batch->events[0].evidence == Labels{{"sevrity", "critical"}});
}

TEST_CASE("generic: every fault is refused with its place") {
    CHECK(error_of("{").find("not valid JSON") != std::string::npos);
    CHECK(error_of("").find("not valid JSON") != std::string::npos);
    CHECK(error_of("\"text\"") == "the body must be an object");
    CHECK(error_of("[{\"key\":\"k\",\"summary\":\"s\"},3]") == "[1] must be an object");
    CHECK(error_of(R"({"alerts":{}})") == "alerts must be an array");
    CHECK(error_of(R"({"alerts":[{"key":7}]})") == "alerts[0].key must be a text");
    CHECK(error_of(R"({"key":"k","summary":"s","severity":"awful"})") ==
          "severity must be \"critical\", \"warning\" or \"info\", not \"awful\"");
    CHECK(error_of(R"({"key":"k","summary":"s","status":"maybe"})").find("status must be") == 0);
    CHECK(error_of(R"({"key":"k","summary":"s","starts_at":"noon"})").find("starts_at: ") == 0);
    CHECK(error_of(R"({"key":"k","summary":"s","expires_after_s":-1})").find("expires_after_s") ==
          0);
    CHECK(error_of(R"({"key":"k","summary":"s","labels":[1]})") ==
          "labels must be an object of texts");
    CHECK(error_of(R"({"key":"k","summary":"s","labels":{"a":{}}})").find("labels.a must be") == 0);
    CHECK(error_of(R"({"summary":"s"})").find("key is missing") == 0);
    CHECK(error_of(R"({"key":"k"})").find("summary is missing") == 0);
}

TEST_CASE("generic: bounds hold at the byte") {
    const std::string fits(k_max_key_bytes, 'k');
    CHECK(parse("{\"key\":\"" + fits + "\",\"summary\":\"s\"}").has_value());
    CHECK(error_of("{\"key\":\"" + fits + "k\",\"summary\":\"s\"}") ==
          "key has 256 bytes; at most 255 are taken");
    std::string many = "[";
    for (std::size_t i = 0; i <= k_max_events_per_request; ++i) many += "{},";
    many.back() = ']';
    CHECK(error_of(many).find("at most 1000") != std::string::npos);
    std::string labels;
    for (int i = 0; i < 65; ++i) labels += "\"l" + std::to_string(i) + "\":\"v\",";
    labels.pop_back();
    CHECK(error_of("{\"key\":\"k\",\"summary\":\"s\",\"labels\":{" + labels + "}}") ==
          "labels has more than 64 entries");
}

TEST_CASE("generic: invalid UTF-8 is refused, NUL and escapes are made harmless") {
    CHECK(error_of("{\"key\":\"\xff\"}").find("not valid JSON") != std::string::npos);
    const auto batch = parse("{\"key\":\"k\",\"summary\":\"a\\u0000b\\u001b[31m\"}");
    CHECK(batch->events[0].summary ==
          "a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD[31m");
}

TEST_CASE("generic: a deep or huge document costs an error, not the process") {
    CHECK(error_of(std::string(100'000, '[')).find("not valid JSON") != std::string::npos);
    CHECK(error_of("{\"a\":" + std::string(2'000, '{')).find("not valid JSON") !=
          std::string::npos);
}

TEST_CASE("generic: one parser serves many bodies of changing size") {
    GenericIntake intake;
    for (int i = 0; i < 50; ++i) {
        std::string body = "{\"key\":\"" + std::string(static_cast<std::size_t>(i), 'x') +
                           "y\",\"summary\":\"s\"}";
        CHECK(intake.parse(body, k_org, k_now).has_value());
        std::string broken = "{\"key\":";
        CHECK_FALSE(intake.parse(broken, k_org, k_now).has_value());
    }
}
