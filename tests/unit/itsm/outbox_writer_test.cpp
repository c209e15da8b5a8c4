// Which connectors are told what about an incident.
#include "itsm/outbox/outbox_writer.hpp"

#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

Subscription subscribed(const std::string& connector, int min_priority = 5) {
    Subscription subscription;
    subscription.connector = connector;
    subscription.min_priority = min_priority;
    return subscription;
}

struct Told : Store {
    explicit Told(std::vector<Subscription> subscriptions) : writer(std::move(subscriptions)) {
        incident = open_incident(open_action(1), SiteId{1}).incident;
        entry.incident = incident.id;
        entry.at = moment(10);
        entry.actor = "gantry";
        entry.body = "text";
    }
    // The next version of the incident and what is told about it.
    void tell(Operation operation, int priority) {
        incident.priority = priority;
        must(writer.write(*connection, incident, operation, entry, sequences));
        ++incident.version;
    }
    [[nodiscard]] Texts told() const {
        return texts("SELECT id, connector, operation, idempotency_key FROM outbox ORDER BY id", 4);
    }
    // The operations told to one connector, in order.
    [[nodiscard]] Texts told_to(const std::string& connector) const {
        Texts words;
        for (const std::string& number :
             texts("SELECT operation FROM outbox WHERE connector = '" + connector + "' ORDER BY id",
                   1)) {
            words.emplace_back(to_string(static_cast<Operation>(number[0] - '0')));
        }
        return words;
    }

    OutboxWriter writer;
    Incident incident;
    TimelineEntry entry;
};

}  // namespace

TEST_CASE("outbox writer: one row for each connector, in the order of the settings") {
    Told world({subscribed("chat"), subscribed("desk")});
    world.sequences.next_delivery = 40;
    world.tell(Operation::open, 3);
    world.tell(Operation::update, 3);
    CHECK(world.told() == Texts{"40|chat|0|INC0000001.1.chat", "41|desk|0|INC0000001.1.desk",
                                "42|chat|1|INC0000001.2.chat", "43|desk|1|INC0000001.2.desk"});
    CHECK(world.sequences.next_delivery == 44);
}

TEST_CASE("outbox writer: a row is pending, due at once, and of the incident's organisation") {
    Told world({subscribed("chat")});
    world.incident.organisation = k_theirs;
    world.tell(Operation::open, 3);
    CHECK(world.texts("SELECT organisation_id, incident_id, state, attempts, created_at, "
                      "next_attempt_at, lease_until, delivered_at, last_error, remote_id "
                      "FROM outbox",
                      10) == Texts{"2|1|0|0|1764000010000|1764000010000|0|0||"});
}

TEST_CASE("outbox writer: without connectors nothing is written and no id is spent") {
    Told world({});
    world.tell(Operation::open, 1);
    CHECK(world.told().empty());
    CHECK(world.sequences.next_delivery == 1);
}

TEST_CASE("outbox writer: an incident is told when it is urgent enough") {
    for (int minimum = 1; minimum <= 5; ++minimum) {
        for (int priority = 1; priority <= 5; ++priority) {
            CAPTURE(minimum, priority);
            Told world({subscribed("chat", minimum)});
            world.tell(Operation::open, priority);
            CHECK(world.told().size() == (priority <= minimum ? 1 : 0));
        }
    }
}

TEST_CASE("outbox writer: only incidents of the organisations that the connector serves") {
    Subscription theirs = subscribed("theirs");
    theirs.organisations = {k_theirs};
    Subscription both = subscribed("both");
    both.organisations = {k_theirs, k_ours};
    Told world({theirs, both});
    world.tell(Operation::open, 3);
    CHECK(world.told_to("theirs").empty());
    CHECK(world.told_to("both") == Texts{"open"});
    world.incident.id = IncidentId{2};
    world.incident.organisation = k_theirs;
    world.tell(Operation::open, 3);
    CHECK(world.told_to("theirs") == Texts{"open"});
    CHECK(world.told_to("both") == Texts{"open", "open"});
}

TEST_CASE("outbox writer: only the operations that the connector wants") {
    Subscription some = subscribed("some");
    some.operations = {Operation::open, Operation::resolve};
    Told world({some, subscribed("all")});
    const Texts all{"open", "update", "note", "resolve", "reopen"};
    for (const auto operation : {Operation::open, Operation::update, Operation::note,
                                 Operation::resolve, Operation::reopen}) {
        world.tell(operation, 3);
    }
    CHECK(world.told_to("all") == all);
    CHECK(world.told_to("some") == Texts{"open", "resolve"});
}

TEST_CASE("outbox writer: who is told late is told to open, whatever happened") {
    for (const auto operation : {Operation::update, Operation::note, Operation::reopen}) {
        CAPTURE(to_string(operation));
        Told world({subscribed("urgent", 2)});
        world.tell(Operation::open, 3);
        world.tell(Operation::update, 3);
        CHECK(world.told().empty());
        world.tell(operation, 2);
        CHECK(world.told_to("urgent") == Texts{"open"});
        CHECK(world.told() == Texts{"1|urgent|0|INC0000001.3.urgent"});
    }
}

TEST_CASE("outbox writer: who never heard of it does not hear of its end") {
    Told world({subscribed("urgent", 2)});
    world.tell(Operation::open, 3);
    world.tell(Operation::resolve, 1);
    CHECK(world.told().empty());
    world.tell(Operation::reopen, 1);
    CHECK(world.told_to("urgent") == Texts{"open"});
}

TEST_CASE("outbox writer: what follows an open is told although the priority fell") {
    Told world({subscribed("urgent", 2)});
    world.tell(Operation::open, 1);
    world.tell(Operation::update, 5);
    world.tell(Operation::resolve, 5);
    CHECK(world.told_to("urgent") == Texts{"open", "update", "resolve"});
}

TEST_CASE("outbox writer: a connector that wants no opens still hears what it wants") {
    Subscription ends = subscribed("ends", 2);
    ends.operations = {Operation::resolve, Operation::reopen};
    Told world({ends});
    world.tell(Operation::open, 2);
    world.tell(Operation::update, 2);
    world.tell(Operation::resolve, 2);
    world.tell(Operation::reopen, 2);
    CHECK(world.told_to("ends") == Texts{"resolve", "reopen"});
    Told quiet({ends});
    quiet.tell(Operation::open, 3);
    quiet.tell(Operation::resolve, 3);
    CHECK(quiet.told().empty());  // never urgent enough
}

TEST_CASE("outbox writer: knowing an incident is per connector and incident") {
    Told world({subscribed("urgent", 2), subscribed("all")});
    world.tell(Operation::open, 3);
    world.tell(Operation::update, 1);
    CHECK(world.told_to("urgent") == Texts{"open"});
    CHECK(world.told_to("all") == Texts{"open", "update"});
    world.incident.id = IncidentId{2};
    world.tell(Operation::update, 1);
    CHECK(world.told_to("urgent") == Texts{"open", "open"});
}

TEST_CASE("outbox writer: a failing statement is the caller's error, and a roll back leaves none") {
    int failures = 0;
    for (std::uint64_t nth = 1; nth < 50; ++nth) {
        CAPTURE(nth);
        Told world({subscribed("chat"), subscribed("desk")});
        auto transaction = must(storage::Transaction::begin(*world.connection));
        const auto failing = faulty(*world.connection, fails_at(nth));
        const auto done = world.writer.write(*failing, world.incident, Operation::update,
                                             world.entry, world.sequences);
        if (done) break;
        ++failures;
        CHECK(done.error().code == ErrorCode::unavailable);
        world.connection->rollback();
        CHECK(world.told().empty());
    }
    CHECK(failures >= 6);  // known twice, asset, organisation, two inserts
}
