// Nothing was ever deleted from the outbox, and what waited in it, for a person perhaps, was told
// to nobody.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "app/gantryd/outbox_house.hpp"
#include "itsm/outbox/backlog.hpp"
#include "itsm/outbox/outbox_writer.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/outbox_rows.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/ticket_store_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct World : TicketStoreWorld {
    void deliver(std::int64_t id, std::int64_t at, const std::string& connector = "chat") {
        REQUIRE(ids_of(must(outbox->lease(connector, moment(at), Millis{1'000}, 1))) ==
                std::vector<std::int64_t>{id});
        must(outbox->settle({Settlement::delivered(DeliveryId{id}, "", moment(at))}));
    }
    void die(std::int64_t id, std::int64_t at) {
        REQUIRE(must(outbox->lease("chat", moment(at), Millis{1'000}, 1)).at(0).id ==
                DeliveryId{id});
        must(outbox->settle({Settlement::dead(DeliveryId{id}, "status 422", moment(at))}));
    }
    std::int64_t trim(std::int64_t before, std::int64_t max = 100) {
        return must(itsm::trim_outbox(*connection, moment(before), max));
    }
    std::vector<std::int64_t> ids() {
        const auto page = must(desk->deliveries(*connection, Scope::all(), {}, {0, 100}));
        auto out = ids_of(page.items);
        std::reverse(out.begin(), out.end());
        return out;
    }
};

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("issue 023: what was delivered or discarded goes after its retention, the rest stays") {
    World world;
    put(*world.connection, {.id = 1, .incident = 1});
    put(*world.connection, {.id = 2, .incident = 2});
    put(*world.connection, {.id = 3, .incident = 3});
    put(*world.connection, {.id = 4, .incident = 4});
    put(*world.connection, {.id = 5, .incident = 5, .connector = "removed"});
    world.deliver(1, 10);
    world.die(2, 20);
    world.die(3, 20);
    must(world.discard(3, 30));
    world.deliver(5, 40, "removed");
    CHECK(world.trim(10) == 0);  // not before, at its end
    CHECK(world.trim(11) == 1);
    CHECK(world.ids() == Ids{2, 3, 4, 5});
    CHECK(world.trim(1'000'000) == 2);
    CHECK(world.ids() == Ids{2, 4});  // dead, and pending
    CHECK(world.trim(1'000'000) == 0);
}

TEST_CASE("issue 023: a portion at a time") {
    World world;
    for (std::int64_t id = 1; id <= 5; ++id) {
        put(*world.connection, {.id = id, .incident = id});
        world.deliver(id, 10);
    }
    CHECK(world.trim(100, 2) == 2);
    CHECK(world.trim(100, 2) == 2);
    CHECK(world.trim(100, 2) == 1);
    CHECK(world.ids().empty());
}

TEST_CASE("issue 023: a late delivery counts from its end, not from when it was due") {
    World world;
    put(*world.connection, {.id = 1});
    world.deliver(1, 500);
    CHECK(world.trim(400) == 0);
    CHECK(world.trim(501) == 1);
}

TEST_CASE("issue 023: an incident whose rows are gone is not opened at the tool again") {
    for (const bool discard : {false, true}) {
        CAPTURE(discard);
        World world;
        Subscription chat;
        chat.connector = "chat";
        itsm::OutboxWriter writer({chat});
        Sequences sequences;
        Incident incident = itsm::open_incident(open_action(1), SiteId{1}).incident;
        TimelineEntry entry;
        entry.incident = incident.id;
        entry.at = moment(1);
        must(writer.write(*world.connection, incident, Operation::open, entry, sequences));
        if (discard) {
            world.die(1, 10);
            must(world.discard(1, 10));
        } else {
            world.deliver(1, 10);
        }
        REQUIRE(world.trim(1'000) == 1);
        ++incident.version;
        must(writer.write(*world.connection, incident, Operation::resolve, entry, sequences));
        const auto leased = must(world.outbox->lease("chat", moment(20), Millis{1'000}, 9));
        REQUIRE(leased.size() == 1);
        CHECK(leased[0].operation == Operation::resolve);
    }
}

TEST_CASE("issue 023: what waits is told: how much, since when, and what waits for a person") {
    World world;
    const auto empty = must(itsm::backlog(*world.connection, "chat"));
    CHECK(empty.waiting == 0);
    CHECK(empty.oldest == Instant{});
    put(*world.connection, {.id = 1, .incident = 1});
    put(*world.connection, {.id = 2, .incident = 1, .operation = Operation::update});
    put(*world.connection, {.id = 3, .incident = 1, .operation = Operation::resolve});
    put(*world.connection, {.id = 4, .incident = 2});
    put(*world.connection, {.id = 5, .incident = 2, .operation = Operation::update});
    put(*world.connection, {.id = 6, .incident = 3, .connector = "desk"});
    world.die(1, 10);
    const auto told = must(itsm::backlog(*world.connection, "chat"));
    CHECK(told.waiting == 4);
    CHECK(told.blocked == 2);
    CHECK(told.dead == 1);
    CHECK(told.oldest == moment(2));
    // In flight is not done yet; a dead update blocks nobody.
    world.deliver(4, 11);
    world.die(5, 11);
    must(world.discard(1, 12));
    CHECK(must(world.outbox->lease("chat", moment(12), Millis{1'000}, 1)).size() == 1);
    const auto later = must(itsm::backlog(*world.connection, "chat"));
    CHECK(later.waiting == 2);
    CHECK(later.blocked == 0);
    CHECK(later.dead == 1);
}

TEST_CASE("issue 023: gantryd does both, round after round") {
    World world;
    boost::asio::io_context context;
    Worker worker("outbox");
    SimClock clock;
    telemetry::Registry metrics;
    app::OutboxHouse house(
        {context.get_executor(), *world.database, worker, clock, metrics, telemetry::Log::silent()},
        {"chat"}, Millis{3'600'000});
    const Instant old = clock.now() - Millis{3'700'000};
    put(*world.connection, {.id = 1, .incident = 1});
    put(*world.connection, {.id = 2, .incident = 2});
    must(world.connection->execute("UPDATE outbox SET next_attempt_at = 0, created_at = " +
                                   std::to_string(to_ms(old))));
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "", old)}));
    CHECK(metrics.prometheus_text().find("gantry_outbox_waiting_rows{connector=\"chat\"} 0") !=
          std::string::npos);  // there from the start
    test::run(context, house.keep());
    const std::string text = metrics.prometheus_text();
    CHECK(text.find("gantry_outbox_waiting_rows{connector=\"chat\"} 1") != std::string::npos);
    CHECK(text.find("gantry_outbox_oldest_seconds{connector=\"chat\"} 3700") != std::string::npos);
    CHECK(text.find("gantry_outbox_dead_rows{connector=\"chat\"} 0") != std::string::npos);
    CHECK(text.find("gantry_outbox_blocked_rows{connector=\"chat\"} 0") != std::string::npos);
    CHECK(text.find("gantry_outbox_trimmed_total 1") != std::string::npos);
    CHECK(world.ids() == Ids{2});
    house.start();
    test::run(context, house.stop());
}
