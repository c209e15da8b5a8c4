// Counts for the status page, on every engine.
#include "core/records/counts.hpp"

#include "itsm/tickets/incident_rows.hpp"
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

// Of each organisation one open incident more per priority, resolved ones, alerts and deliveries.
void fill(Records& world, OrganisationId organisation, std::int64_t from, int deliveries) {
    auto& connection = *world.connection;
    auto transaction = must(storage::Transaction::begin(connection));
    std::int64_t id = from;
    for (int priority = 1; priority <= 5; ++priority) {
        for (int n = 0; n < 6; ++n, ++id) {
            Incident incident;
            incident.id = IncidentId{id};
            incident.organisation = organisation;
            incident.priority = priority;
            incident.state = static_cast<IncidentState>(n);  // three open, three not
            if (n < 3 && n >= priority) incident.state = IncidentState::closed;
            must(itsm::insert_incident(connection, incident));
        }
    }
    Changes changes;
    changes.alerts = {alert_of(from, organisation), alert_of(from + 1, organisation),
                      alert_of(from + 2, organisation)};
    changes.alerts[1].state = AlertState::resolved;
    must(save_changes(connection, changes));
    for (int n = 0; n < deliveries; ++n) {
        put(connection,
            {from + n, from + n, "chat", organisation, Operation::open,
             static_cast<DeliveryState>(n % 4), n < 4 ? "" : "error " + std::to_string(from + n)});
    }
    must(transaction.commit());
}

}  // namespace

TEST_CASE("counts: an empty store has none") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    const Counts none = must(counts(*world.connection, Scope::all()));
    CHECK(none.open_incidents == std::array<std::int64_t, 6>{});
    CHECK(none.firing_alerts == 0);
    CHECK(none.deliveries_waiting == 0);
    CHECK(none.deliveries_dead == 0);
    CHECK(none.last_error.empty());
    CHECK(none.last_error_connector.empty());
}

TEST_CASE("counts: open incidents by priority, firing alerts, deliveries that wait or are dead") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    fill(world, k_ours, 1, 4);
    fill(world, k_theirs, 101, 8);
    using Open = std::array<std::int64_t, 6>;
    const Counts ours = must(counts(*world.connection, Scope::of(k_ours)));
    CHECK(ours.open_incidents == Open{0, 1, 2, 3, 3, 3});
    CHECK(ours.firing_alerts == 2);
    CHECK(ours.deliveries_waiting == 2);
    CHECK(ours.deliveries_dead == 1);
    CHECK(ours.last_error.empty());  // the others' errors are not ours to read
    const Counts theirs = must(counts(*world.connection, Scope::of(k_theirs)));
    CHECK(theirs.deliveries_waiting == 4);
    CHECK(theirs.deliveries_dead == 2);
    CHECK(theirs.last_error == "error 108");
    CHECK(theirs.last_error_connector == "chat");
    const Counts all = must(counts(*world.connection, Scope::all()));
    CHECK(all.open_incidents == Open{0, 2, 4, 6, 6, 6});
    CHECK(all.firing_alerts == 4);
    CHECK(all.deliveries_waiting == 6);
    const Counts none = must(counts(*world.connection, Scope::of(std::vector<OrganisationId>{})));
    CHECK(none.open_incidents == Open{});
    CHECK(none.firing_alerts == 0);
    CHECK(none.last_error.empty());
}

TEST_CASE("counts: an error counts until its delivery succeeded") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    put(*world.connection, {.id = 1, .incident = 1, .last_error = "503"});
    put(*world.connection, {.id = 2, .incident = 2});
    CHECK(must(counts(*world.connection, Scope::all())).last_error == "503");
    CHECK(must(world.outbox->lease("chat", moment(8), Millis{30'000}, 9)).size() == 2);
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "", moment(9))}));
    CHECK(must(counts(*world.connection, Scope::all())).last_error.empty());
    must(world.outbox->settle({Settlement::dead(DeliveryId{2}, "410", moment(9))}));
    const Counts dead = must(counts(*world.connection, Scope::all()));
    CHECK(dead.last_error == "410");
    CHECK(dead.deliveries_dead == 1);
    CHECK(dead.deliveries_waiting == 0);
}
