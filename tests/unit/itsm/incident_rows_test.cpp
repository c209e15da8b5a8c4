// Incidents, timeline and alerts as rows: every field comes back, and only in scope.
#include "itsm/tickets/incident_rows.hpp"

#include "core/model/json.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

// No field as by default, no two alike.
Incident every_field() {
    Incident incident;
    incident.id = IncidentId{7};
    incident.organisation = k_theirs;
    incident.site = SiteId{3};
    incident.asset = AssetId{4};
    incident.title =
        "disk voll: Gr\xc3\xb6\xc3\x9f"
        "e \"97 %\" 'ja'";
    incident.description = "line\nline\ttab";
    incident.state = IncidentState::on_hold;
    incident.impact = Level::low;
    incident.urgency = Level::high;
    incident.priority = 3;
    incident.category = "storage";
    incident.source = "monitoring";
    incident.assignee = "ann";
    incident.assignment_group = "night";
    incident.hold_reason = HoldReason::evidence;
    incident.close_code = CloseCode::workaround;
    incident.close_notes = "notes";
    incident.opened_at = moment(1);
    incident.updated_at = moment(2);
    incident.resolved_at = moment(3);
    incident.closed_at = moment(4);
    incident.detected_at = moment(5);
    incident.alert_count = 6;
    incident.firing_count = 5;
    incident.reopen_count = 8;
    incident.taken_over = true;
    incident.version = 9;
    return incident;
}

}  // namespace

TEST_CASE("incident rows: every field comes back as it was written") {
    Store store;
    must(insert_incident(*store.connection, every_field()));
    const auto found = must(find_incident(*store.connection, Scope::all(), IncidentId{7}));
    CHECK(to_json(found) == to_json(every_field()));
}

TEST_CASE("incident rows: an update writes what changes and leaves what never does") {
    Store store;
    Incident first;
    first.id = IncidentId{7};
    first.organisation = k_ours;
    first.title = "first";
    first.opened_at = moment(77);
    first.detected_at = moment(76);
    must(insert_incident(*store.connection, first));
    Incident expected = every_field();
    must(update_incident(*store.connection, expected));
    expected.organisation = first.organisation;
    expected.site = first.site;
    expected.asset = first.asset;
    expected.title = first.title;
    expected.description = first.description;
    expected.category = first.category;
    expected.source = first.source;
    expected.opened_at = first.opened_at;
    expected.detected_at = first.detected_at;
    const auto found = must(find_incident(*store.connection, Scope::all(), IncidentId{7}));
    CHECK(to_json(found) == to_json(expected));
}

TEST_CASE("incident rows: outside the scope a row does not exist") {
    Store store;
    must(insert_incident(*store.connection, every_field()));
    for (const Scope& scope : {Scope::of(k_theirs), Scope::of({k_ours, k_theirs})}) {
        CHECK(find_incident(*store.connection, scope, IncidentId{7}));
    }
    for (const Scope& scope : {Scope::of(k_ours), Scope::of(std::vector<OrganisationId>{})}) {
        const auto found = find_incident(*store.connection, scope, IncidentId{7});
        REQUIRE(!found);
        CHECK(found.error().code == ErrorCode::not_found);
        CHECK(found.error().message == "no incident INC0000007");
    }
    CHECK(find_incident(*store.connection, Scope::all(), IncidentId{8}).error().code ==
          ErrorCode::not_found);
}

TEST_CASE("incident rows: the same id twice is a conflict") {
    Store store;
    must(insert_incident(*store.connection, every_field()));
    const auto again = insert_incident(*store.connection, every_field());
    REQUIRE(!again);
    CHECK(again.error().code == ErrorCode::conflict);
}

TEST_CASE("incident rows: an alert is bound once, its episode and firing are the latest") {
    Store store;
    auto& connection = *store.connection;
    CHECK(must(bind_alert(connection, IncidentId{7}, AlertId{1}, EpisodeId{5}, true)));
    CHECK(!must(bind_alert(connection, IncidentId{7}, AlertId{1}, EpisodeId{6}, false)));
    CHECK(must(bind_alert(connection, IncidentId{7}, AlertId{2}, EpisodeId{8}, true)));
    CHECK(must(bind_alert(connection, IncidentId{8}, AlertId{1}, EpisodeId{6}, true)));
    CHECK(store.texts("SELECT incident_id, alert_id, episode_id, firing FROM incident_alerts "
                      "ORDER BY incident_id, alert_id",
                      4) == Texts{"7|1|6|0", "7|2|8|1", "8|1|6|1"});
}

TEST_CASE("incident rows: the timeline keeps every field") {
    Store store;
    TimelineEntry entry;
    entry.id = TimelineId{3};
    entry.incident = IncidentId{7};
    entry.organisation = k_theirs;
    entry.at = moment(5);
    entry.kind = TimelineKind::comment;
    entry.actor = "ann";
    entry.visibility = Visibility::public_;
    entry.body = "a\nb";
    entry.journal_seq = JournalSeq{11};
    must(insert_timeline(*store.connection, entry));
    CHECK(store.texts("SELECT id, incident_id, organisation_id, at, kind, actor, visibility, body, "
                      "journal_seq FROM incident_timeline",
                      9) == Texts{"3|7|2|1764000005000|6|ann|1|a\nb|11"});
}

TEST_CASE("incident rows: a failing statement is an error of each function") {
    Store store;
    must(insert_incident(*store.connection, every_field()));
    for (std::uint64_t nth = 1; nth <= 2; ++nth) {
        const auto failing = faulty(*store.connection, fails_at(nth));
        const auto bound = bind_alert(*failing, IncidentId{7}, AlertId{1}, EpisodeId{5}, true);
        REQUIRE(!bound);
        CHECK(bound.error().code == ErrorCode::unavailable);
    }
    const auto read = faulty(*store.connection, fails_at(1));
    CHECK(find_incident(*read, Scope::all(), IncidentId{7}).error().code == ErrorCode::unavailable);
    const auto write = faulty(*store.connection, fails_at(1));
    CHECK(update_incident(*write, every_field()).error().code == ErrorCode::unavailable);
}
