// The TicketStore: what the correlator orders, as rows.
#include "itsm/tickets/ticket_store.hpp"

#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/incident_rows.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;
using Kind = IncidentAction::Kind;

namespace {

std::vector<Subscription> chat() {
    Subscription subscription;
    subscription.connector = "chat";
    return {subscription};
}

struct Tickets : Store {
    void apply(const Changes& changes) { must(tickets->apply(*connection, changes, sequences)); }
    void apply(const IncidentAction& action) { apply(changes_of({action})); }
    Incident incident(std::int64_t id) {
        return must(find_incident(*connection, Scope::all(), IncidentId{id}));
    }
    std::unique_ptr<TicketStore> tickets = make_ticket_store(chat());
};

// A day of one incident and a second one's begin, with a new asset.
Changes a_day() {
    IncidentAction first = open_action(1);
    first.asset = AssetId{5};
    IncidentAction second_alert = then(first, Kind::bind_alert, 2);
    second_alert.alert = AlertId{150};
    second_alert.episode = EpisodeId{250};
    IncidentAction raised = then(first, Kind::set_priority, 2);
    raised.impact = Level::high;
    Changes changes = changes_of({first, second_alert, raised, then(first, Kind::note, 1),
                                  then(first, Kind::resolve, 0), then(first, Kind::reopen, 1),
                                  open_action(2, k_theirs)});
    changes.new_assets = {asset_of(5)};
    return changes;
}

}  // namespace

TEST_CASE("ticket store: opening writes the incident, its alert, its entry and its delivery") {
    Tickets world;
    world.sequences.next_timeline = 60;
    world.sequences.next_delivery = 70;
    world.apply(open_action(1));
    CHECK(world.incident(1).title == "disk full on web1");
    CHECK(world.texts("SELECT incident_id, alert_id, episode_id, firing FROM incident_alerts", 4) ==
          Texts{"1|101|201|1"});
    CHECK(world.texts("SELECT id, incident_id, organisation_id, kind, actor, body, journal_seq "
                      "FROM incident_timeline",
                      7) == Texts{"60|1|1|0|gantry|used 97 %|301"});
    CHECK(world.texts("SELECT id, operation, idempotency_key FROM outbox", 3) ==
          Texts{"70|0|INC0000001.1.chat"});
    CHECK(world.sequences.next_timeline == 61);
    CHECK(world.sequences.next_delivery == 71);
    CHECK(world.sequences.next_incident == 1);  // the correlator's to advance
}

TEST_CASE("ticket store: an incident without an alert is bound to none") {
    Tickets world;
    IncidentAction action = open_action(1);
    action.alert = AlertId{};
    action.firing_count = 0;
    world.apply(action);
    CHECK(world.incident(1).alert_count == 0);
    CHECK(world.texts("SELECT incident_id FROM incident_alerts", 1).empty());
}

TEST_CASE("ticket store: a new asset is there for the incident about it, with its site and name") {
    Tickets world;
    world.apply(a_day());
    CHECK(world.incident(1).site == SiteId{45});
    CHECK(!world.incident(2).site.is_set());
    const std::string payload = world.texts("SELECT payload FROM outbox WHERE id = 1", 1).at(0);
    CHECK(payload.find(R"("asset":{"id":5,"name":"web5"})") != std::string::npos);
}

TEST_CASE("ticket store: actions follow each other, each with its version, entry and delivery") {
    Tickets world;
    world.apply(a_day());
    const Incident incident = world.incident(1);
    CHECK(incident.version == 6);
    CHECK(incident.state == IncidentState::in_progress);
    CHECK(incident.priority == 1);
    CHECK(incident.alert_count == 2);
    CHECK(incident.firing_count == 1);
    CHECK(incident.reopen_count == 1);
    CHECK(world.texts("SELECT kind FROM incident_timeline WHERE incident_id = 1 ORDER BY id", 1) ==
          Texts{"0", "7", "2", "8", "9", "10"});
    CHECK(world.texts("SELECT operation, idempotency_key FROM outbox WHERE incident_id = 1 "
                      "ORDER BY id",
                      2) == Texts{"0|INC0000001.1.chat", "1|INC0000001.2.chat",
                                  "1|INC0000001.3.chat", "4|INC0000001.4.chat",
                                  "2|INC0000001.5.chat", "3|INC0000001.6.chat"});
}

TEST_CASE("ticket store: an incident's alerts know whether they fire and in which episode") {
    Tickets world;
    const auto alerts = [&] {
        return world.texts(
            "SELECT alert_id, episode_id, firing FROM incident_alerts ORDER BY "
            "alert_id",
            3);
    };
    const IncidentAction first = open_action(1);
    IncidentAction second = then(first, Kind::bind_alert, 2);
    second.alert = AlertId{150};
    second.episode = EpisodeId{250};
    world.apply(first);
    world.apply(second);
    CHECK(alerts() == Texts{"101|201|1", "150|250|1"});
    world.apply(then(first, Kind::note, 1));
    CHECK(alerts() == Texts{"101|201|0", "150|250|1"});
    second.kind = Kind::resolve;
    second.firing_count = 0;
    world.apply(second);
    CHECK(alerts() == Texts{"101|201|0", "150|250|0"});
    IncidentAction again = then(first, Kind::reopen, 1);
    again.episode = EpisodeId{290};
    world.apply(again);
    CHECK(alerts() == Texts{"101|290|1", "150|250|0"});
    CHECK(world.incident(1).alert_count == 2);
}

TEST_CASE("ticket store: a change of an incident that is not there is not found") {
    Tickets world;
    for (const Kind kind :
         {Kind::bind_alert, Kind::note, Kind::set_priority, Kind::resolve, Kind::reopen}) {
        const auto done = world.tickets->apply(
            *world.connection, changes_of({then(open_action(4), kind)}), world.sequences);
        REQUIRE(!done);
        CHECK(done.error().code == ErrorCode::not_found);
    }
}

TEST_CASE("ticket store: nothing to do writes nothing") {
    Tickets world;
    const Texts before = world.tables();
    world.apply(Changes{});
    CHECK(world.tables() == before);
    CHECK(world.sequences == Sequences{});
}

TEST_CASE("ticket store: equal changes give equal rows") {
    Tickets one;
    Tickets two;
    one.apply(a_day());
    two.apply(a_day());
    CHECK(one.tables() == two.tables());
    CHECK(one.sequences == two.sequences);
    CHECK(one.tables().size() > 15);
}

TEST_CASE("ticket store: it does not commit; whoever began may roll back") {
    Tickets world;
    const Texts before = world.tables();
    {
        auto transaction = must(storage::Transaction::begin(*world.connection));
        world.apply(a_day());
        CHECK(world.connection->in_transaction());
    }
    CHECK(world.tables() == before);
}

TEST_CASE("ticket store: any statement that fails is an error, and a second try is complete") {
    Tickets undisturbed;
    undisturbed.apply(a_day());
    int failures = 0;
    for (std::uint64_t nth = 1; nth < 200; ++nth) {
        CAPTURE(nth);
        Tickets world;
        const Texts before = world.tables();
        Sequences sequences = world.sequences;
        {
            auto transaction = must(storage::Transaction::begin(*world.connection));
            const auto failing = faulty(*world.connection, fails_at(nth));
            const auto done = world.tickets->apply(*failing, a_day(), sequences);
            if (done) break;
            ++failures;
            CHECK(done.error().code == ErrorCode::unavailable);
        }
        CHECK(world.tables() == before);
        world.apply(a_day());
        CHECK(world.tables() == undisturbed.tables());
    }
    CHECK(failures > 30);
}
