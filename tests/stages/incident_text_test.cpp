#include "correlator/stages/incident_text.hpp"

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

IncidentAction open_of(const Event& event) {
    CorrelatorWorld world;
    return world.fold({event}).actions.at(0);
}

}  // namespace

TEST_CASE("incident text: what, where, since when, value, threshold, evidence, origin and rule") {
    auto event = firing("filesystem:/var", Severity::critical, "web01");
    event.summary = "/var is 96 % full";
    event.description = "Nobody can log in when it is full.";
    event.labels = {{"check", "filesystem"}, {"instance", "/var"}};
    event.evidence = {
        {"largest", "/var/log"}, {"threshold", "95"}, {"unit", "%"}, {"value", "96.2"}};
    const auto action = open_of(event);
    CHECK(action.title == "web01: /var is 96 % full");
    CHECK(action.body ==
          "/var is 96 % full.\n"
          "The condition is critical on web01 since 2025-11-24T16:00:00.000Z. "
          "The value is 96.2 %; the threshold is 95 %.\n"
          "Nobody can log in when it is full.\n"
          "Evidence:\n"
          "largest: /var/log\n"
          "Reported by generic under the key filesystem:/var, with the labels check=filesystem, "
          "instance=/var. Rule \"critical and warnings\" opened this incident.");
}

TEST_CASE("incident text: a title names the host once and has one bounded line") {
    auto event = firing("k");
    event.summary = "web01: down\nat once";
    CHECK(open_of(event).title == "web01: down at once");
    event.summary.clear();
    CHECK(open_of(event).title == "web01: k");
    event.summary = std::string(500, 'x') + "ü";
    const auto title = open_of(event).title;
    CHECK(title.size() <= k_max_title_bytes);
    CHECK(title.ends_with("…"));
    event.summary.clear();
    for (int i = 0; i < 300; ++i) event.summary += "ü";
    CHECK(is_utf8(open_of(event).title));
}

TEST_CASE("incident text: without a host the label or nothing stands for it") {
    auto event = firing("k", Severity::critical, "");
    event.summary = "down";
    CHECK(open_of(event).title == "down");
    event.labels = {{"host", "db7"}};
    CHECK(open_of(event).title == "db7: down");
}

TEST_CASE("incident text: bodies are bounded whatever the event says") {
    auto event = firing("k");
    event.description.assign(k_max_description_bytes, 'd');
    Labels evidence;
    for (int i = 0; i < 64; ++i) {
        evidence.emplace_back("e" + std::to_string(1000 + i), std::string(1024, 'v'));
    }
    event.evidence = evidence;
    const auto body = open_of(event).body;
    CHECK(body.size() <= k_max_body_bytes);
    CHECK(body.ends_with("…"));
}

TEST_CASE("incident text: durations have two units at most and are never negative") {
    const auto of = [](std::int64_t seconds) { return duration_text(Millis{seconds * 1000}); };
    CHECK(of(-5) == "0 s");
    CHECK(of(59) == "59 s");
    CHECK(of(60) == "1 min");
    CHECK(of(3600) == "1 h");
    CHECK(of(3600 * 3 + 300) == "3 h 5 min");
    CHECK(of(86'400) == "1 day");
    CHECK(of(2 * 86'400 + 4 * 3600) == "2 days 4 h");
}
