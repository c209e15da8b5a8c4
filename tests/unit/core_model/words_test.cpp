#include <catch2/catch.hpp>

#include "core/model/event.hpp"
#include "core/model/incident.hpp"

using namespace gantry;

TEST_CASE("priority: the base matrix of impact and urgency") {
    using enum Level;
    CHECK(priority_of(high, high) == 1);
    CHECK(priority_of(high, medium) == 2);
    CHECK(priority_of(medium, high) == 2);
    CHECK(priority_of(high, low) == 3);
    CHECK(priority_of(medium, medium) == 3);
    CHECK(priority_of(low, medium) == 4);
    CHECK(priority_of(low, low) == 5);
}

TEST_CASE("incident number: made and read back") {
    CHECK(incident_number(IncidentId{1}) == "INC0000001");
    CHECK(incident_number(IncidentId{123'456'789}) == "INC123456789");
    CHECK(parse_incident_number("INC0000042") == IncidentId{42});
    CHECK(parse_incident_number("inc42") == IncidentId{42});
    CHECK(parse_incident_number("42") == IncidentId{42});
    for (const char* bad : {"", "INC", "INC-1", "INC0", "INC1x", "99999999999999999999"}) {
        CHECK_FALSE(parse_incident_number(bad).has_value());
    }
}

TEST_CASE("fingerprint: equals Prometheus' for the same labels") {
    // Source: grafana/alerting's test of model.Fingerprint.
    CHECK(fingerprint({{"alertname", "alert1"}, {"lbl1", "val1"}}) == 0xfac0861a85de433aULL);
    CHECK(fingerprint({}) == 0xcbf29ce484222325ULL);
}

TEST_CASE("words: each enum's words are read back, unknown ones are not") {
    for (const auto state :
         {IncidentState::new_, IncidentState::in_progress, IncidentState::on_hold,
          IncidentState::resolved, IncidentState::closed, IncidentState::canceled}) {
        IncidentState read{};
        CHECK(parse(to_string(state), read));
        CHECK(read == state);
    }
    Level level{};
    CHECK_FALSE(parse("", level));
    CHECK_FALSE(parse("urgent", level));
    Severity severity{};
    CHECK(parse("critical", severity));
    CHECK(severity == Severity::critical);
}
