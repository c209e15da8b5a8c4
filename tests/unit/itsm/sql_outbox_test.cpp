// The Outbox port over rows: who is leased when, in which order, and what each end does.
#include "itsm/outbox/sql_outbox.hpp"

#include "core/base/text.hpp"
#include "tests/support/outbox_rows.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

constexpr Millis k_lease{30'000};
constexpr std::size_t k_all = 100;
using Ids = std::vector<std::int64_t>;

struct Drained : Store {
    Ids lease(std::int64_t now, std::size_t max = k_all, const std::string& connector = "chat") {
        return ids_of(must(outbox->lease(connector, moment(now), k_lease, max)));
    }
    std::string row(std::int64_t id) {
        return texts(
                   "SELECT state, attempts, next_attempt_at, lease_until, last_error FROM "
                   "outbox WHERE id = " +
                       std::to_string(id),
                   5)
            .at(0);
    }
    std::optional<Instant> due() { return must(outbox->next_due("chat")); }
    std::unique_ptr<Outbox> outbox = itsm::make_outbox(*database);
};

std::string ms(std::int64_t seconds) { return std::to_string(to_ms(moment(seconds))); }

}  // namespace

TEST_CASE("outbox: a leased row carries all that a connector needs") {
    Drained world;
    put(*world.connection, {7, 9, "chat", k_theirs, Operation::update});
    const auto leased = must(world.outbox->lease("chat", moment(20), k_lease, k_all));
    REQUIRE(leased.size() == 1);
    const Delivery& row = leased[0];
    CHECK(row.id == DeliveryId{7});
    CHECK(row.organisation == k_theirs);
    CHECK(row.connector == "chat");
    CHECK(row.incident == IncidentId{9});
    CHECK(row.operation == Operation::update);
    CHECK(row.idempotency_key == "key7");
    CHECK(row.payload == "{}");
    CHECK(row.state == DeliveryState::in_flight);
    CHECK(row.attempts == 1);
    CHECK(row.created_at == moment(7));
    CHECK(row.lease_until == moment(50));
}

TEST_CASE("outbox: a row is leased when it is due, not before") {
    Drained world;
    put(*world.connection, {.id = 7});
    CHECK(world.lease(6).empty());
    CHECK(world.lease(7) == Ids{7});
}

TEST_CASE("outbox: a leased row is not leased again before its lease ends") {
    Drained world;
    put(*world.connection, {.id = 7});
    CHECK(world.lease(10) == Ids{7});
    CHECK(world.lease(10).empty());
    CHECK(must(world.outbox->lease("chat", moment(40) - Millis{1}, k_lease, k_all)).empty());
    const auto again = must(world.outbox->lease("chat", moment(40), k_lease, k_all));
    REQUIRE(again.size() == 1);
    CHECK(again[0].attempts == 2);  // the first may have happened
    CHECK(again[0].idempotency_key == "key7");
}

TEST_CASE("outbox: another program sees the lease") {
    Drained world;
    put(*world.connection, {.id = 7});
    CHECK(world.lease(10) == Ids{7});
    const auto other = itsm::make_outbox(*world.database);
    CHECK(must(other->lease("chat", moment(10), k_lease, k_all)).empty());
    CHECK(ids_of(must(other->lease("chat", moment(40), k_lease, k_all))) == Ids{7});
}

TEST_CASE("outbox: as many as asked for, the oldest first, of this connector") {
    Drained world;
    for (std::int64_t id = 1; id <= 5; ++id) put(*world.connection, {.id = id, .incident = id});
    put(*world.connection, {.id = 6, .incident = 6, .connector = "desk"});
    CHECK(world.lease(10, 0).empty());
    CHECK(world.lease(10, 2) == Ids{1, 2});
    CHECK(world.lease(10, 2) == Ids{3, 4});
    CHECK(world.lease(10) == Ids{5});
    CHECK(world.lease(10, k_all, "desk") == Ids{6});
    CHECK(world.lease(10, k_all, "nobody").empty());
}

TEST_CASE("outbox: rows of one incident go one at a time, in order") {
    Drained world;
    for (std::int64_t id = 1; id <= 3; ++id) put(*world.connection, {.id = id});
    put(*world.connection, {.id = 4, .incident = 2});
    put(*world.connection, {.id = 5, .incident = 1, .connector = "desk"});
    CHECK(world.lease(10) == Ids{1, 4});
    CHECK(world.lease(10).empty());
    CHECK(world.lease(10, k_all, "desk") == Ids{5});  // connectors do not wait for each other
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "", moment(11))}));
    CHECK(world.lease(11) == Ids{2});
    must(world.outbox->settle({Settlement::retry(DeliveryId{2}, "busy", moment(20))}));
    CHECK(world.lease(12).empty());  // the third waits for the second
    CHECK(world.lease(20) == Ids{2});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{2}, "", moment(21))}));
    CHECK(world.lease(21) == Ids{3});
}

TEST_CASE("outbox: a dead open stops those behind it until a person retries it") {
    Drained world;
    put(*world.connection, {.id = 1});
    put(*world.connection, {.id = 2});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::dead(DeliveryId{1}, "410 gone", moment(11))}));
    CHECK(world.row(1) == "3|1|" + ms(11) + "|0|410 gone");
    CHECK(world.lease(1000).empty());
    CHECK(!world.due());
    must(world.connection->execute("UPDATE outbox SET state = 0 WHERE id = 1"));
    CHECK(world.lease(1000) == Ids{1});
}

TEST_CASE("outbox: retry waits until its moment and counts the attempt") {
    Drained world;
    put(*world.connection, {.id = 1});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::retry(DeliveryId{1}, "503", moment(25))}));
    CHECK(world.row(1) == "0|1|" + ms(25) + "|0|503");
    CHECK(world.lease(24).empty());
    CHECK(must(world.outbox->lease("chat", moment(25), k_lease, 1)).at(0).attempts == 2);
}

TEST_CASE("outbox: release gives the attempt back, once") {
    Drained world;
    put(*world.connection, {.id = 1});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::release(DeliveryId{1}, moment(15))}));
    CHECK(world.row(1) == "0|0|" + ms(15) + "|0|");
    must(world.outbox->settle(
        {Settlement::release(DeliveryId{1}, moment(16))}));  // not in flight: nothing to give back
    CHECK(world.row(1) == "0|0|" + ms(15) + "|0|");
    CHECK(world.lease(15) == Ids{1});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "", moment(16))}));
    must(world.outbox->settle({Settlement::release(DeliveryId{1}, moment(17))}));
    CHECK(world.lease(100).empty());
}

TEST_CASE("outbox: delivered is final, forgets the error and remembers the remote id") {
    Drained world;
    put(*world.connection, {.id = 1});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::retry(DeliveryId{1}, "503", moment(11))}));
    CHECK(world.lease(11) == Ids{1});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "CHG-1", moment(12))}));
    CHECK(world.texts("SELECT state, attempts, lease_until, delivered_at, last_error, remote_id "
                      "FROM outbox",
                      6) == Texts{"2|2|0|" + ms(12) + "||CHG-1"});
    CHECK(world.lease(1000).empty());
    CHECK(!world.due());
}

TEST_CASE("outbox: the remote id is per connector and incident, and the latest") {
    Drained world;
    put(*world.connection, {.id = 1});
    put(*world.connection, {.id = 2});
    put(*world.connection, {.id = 3, .incident = 1, .connector = "desk"});
    put(*world.connection, {.id = 4, .incident = 2});
    const auto remote = [&](const char* connector, std::int64_t incident) {
        return must(world.outbox->remote_id(connector, IncidentId{incident}));
    };
    CHECK(remote("chat", 1).empty());
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "A", moment(10))}));
    CHECK(remote("chat", 1) == "A");
    CHECK(remote("desk", 1).empty());
    CHECK(remote("chat", 2).empty());
    must(world.outbox->settle({Settlement::delivered(DeliveryId{2}, "", moment(11))}));
    CHECK(remote("chat", 1) == "A");  // an answer without one forgets nothing
    must(world.outbox->settle({Settlement::delivered(DeliveryId{2}, "B", moment(12))}));
    CHECK(remote("chat", 1) == "B");
}

TEST_CASE("outbox: next_due is the moment at which lease gives something") {
    Drained world;
    CHECK(!world.due());
    put(*world.connection, {.id = 5});
    put(*world.connection, {.id = 6});  // waits for 5
    put(*world.connection, {.id = 9, .incident = 2});
    put(*world.connection, {.id = 1, .incident = 3, .connector = "desk"});
    CHECK(world.due() == moment(5));
    CHECK(world.lease(5) == Ids{5});
    CHECK(world.due() == moment(9));
    CHECK(world.lease(9) == Ids{9});
    CHECK(world.due() == moment(35));  // the first lease's end
    must(world.outbox->settle({Settlement::retry(DeliveryId{5}, "503", moment(400))}));
    CHECK(world.due() == moment(39));
    must(world.outbox->settle({Settlement::delivered(DeliveryId{9}, "", moment(10))}));
    CHECK(world.due() == moment(400));
    must(world.outbox->settle({Settlement::delivered(DeliveryId{5}, "", moment(11))}));
    CHECK(world.due() == moment(6));
}

TEST_CASE("outbox: an error's text is bounded, of one piece and without control characters") {
    Drained world;
    put(*world.connection, {.id = 1});
    const std::string umlauts = [] {
        std::string text = "x";
        while (text.size() < 3000) text += "\xc3\xa4";
        return text;
    }();
    const std::string errors[] = {umlauts, std::string("nul \0 esc \x1b[31m", 15), "bad \xff\xc3"};
    for (const std::string& error : errors) {
        for (const bool dead : {false, true}) {
            must(dead ? world.outbox->settle({Settlement::dead(DeliveryId{1}, error, moment(1))})
                      : world.outbox->settle({Settlement::retry(DeliveryId{1}, error, moment(1))}));
            const std::string kept = world.texts("SELECT last_error FROM outbox", 1).at(0);
            CHECK(kept.size() <= 1024);
            CHECK(kept.size() > 3);
            CHECK(is_utf8(kept));
            CHECK(sanitise(kept) == kept);
        }
    }
}

TEST_CASE("outbox: without its tables every function is an error") {
    const auto database = must(storage::open_database(":memory:itsm-empty"));
    const auto outbox = itsm::make_outbox(*database);
    CHECK(!outbox->lease("chat", moment(1), k_lease, 1));
    CHECK(!outbox->settle({Settlement::delivered(DeliveryId{1}, "A", moment(1))}));
    CHECK(!outbox->settle({Settlement::retry(DeliveryId{1}, "", moment(1))}));
    CHECK(!outbox->settle({Settlement::dead(DeliveryId{1}, "", moment(1))}));
    CHECK(!outbox->settle({Settlement::release(DeliveryId{1}, moment(1))}));
    CHECK(!outbox->remote_id("chat", IncidentId{1}));
    CHECK(!outbox->next_due("chat"));
}
