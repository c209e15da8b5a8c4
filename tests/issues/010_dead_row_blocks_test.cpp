// An update that the tool refused for good kept the resolve behind it from the tool for ever: every
// row that was not delivered blocked, and a dead one could only be retried.
#include <catch2/catch.hpp>

#include "tests/support/outbox_rows.hpp"
#include "tests/support/ticket_store_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

using Ids = std::vector<std::int64_t>;

struct World : TicketStoreWorld {
    Ids lease(std::int64_t now) {
        return ids_of(must(outbox->lease("chat", moment(now), Millis{30'000}, 100)));
    }
    // Leased and refused for good, as the engine does it.
    void dies(std::int64_t id, std::int64_t now) {
        REQUIRE(lease(now) == Ids{id});
        must(outbox->settle({Settlement::dead(DeliveryId{id}, "status 422", moment(now))}));
    }
    Result<void> retry(std::int64_t id, const Scope& scope = Scope::all()) {
        return desk->retry_delivery(*connection, scope, DeliveryId{id}, moment(500));
    }
    Result<void> discard(std::int64_t id, const Scope& scope = Scope::all()) {
        return TicketStoreWorld::discard(id, 500, scope);
    }
    DeliveryState state(std::int64_t id) {
        return must(desk->deliveries(*connection, Scope::all(), {}, {id + 1, 1})).items.at(0).state;
    }
};

void put_thread(World& world, const std::vector<Operation>& operations) {
    std::int64_t id = 0;
    for (const Operation operation : operations) {
        put(*world.connection, {.id = ++id, .operation = operation});
    }
}

}  // namespace

TEST_CASE("issue 010: a resolve does not wait for an update that is never taken") {
    for (const auto lost : {Operation::update, Operation::note, Operation::reopen}) {
        CAPTURE(to_string(lost));
        World world;
        put_thread(world, {Operation::open, lost, Operation::resolve});
        CHECK(world.lease(10) == Ids{1});
        must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "T-1", moment(10))}));
        world.dies(2, 11);
        CHECK(must(world.outbox->next_due("chat")) == moment(3));
        CHECK(world.lease(12) == Ids{3});
    }
}

TEST_CASE("issue 010: everything waits for the open, until a person decides") {
    World world;
    put_thread(world, {Operation::open, Operation::update, Operation::resolve});
    world.dies(1, 10);
    CHECK(world.lease(1'000).empty());
    CHECK(!must(world.outbox->next_due("chat")));
    SECTION("retry") {
        must(world.retry(1));
        CHECK(world.lease(1'000) == Ids{1});
    }
    SECTION("discard") {
        must(world.discard(1));
        CHECK(world.state(1) == DeliveryState::discarded);
        CHECK(world.lease(1'000) == Ids{2});
        must(world.outbox->settle({Settlement::delivered(DeliveryId{2}, "", moment(1'000))}));
        CHECK(world.lease(1'001) == Ids{3});
    }
}

TEST_CASE("issue 010: only a dead delivery of the scope is discarded, and only once") {
    World world;
    put_thread(world, {Operation::open, Operation::update});
    CHECK(world.discard(1).error().code == ErrorCode::conflict);  // pending
    CHECK(world.lease(10) == Ids{1});
    CHECK(world.discard(1).error().code == ErrorCode::conflict);  // in flight
    must(world.outbox->settle({Settlement::dead(DeliveryId{1}, "gone", moment(10))}));
    CHECK(world.discard(1, Scope::of(k_theirs)).error().code == ErrorCode::not_found);
    CHECK(world.discard(9).error().code == ErrorCode::not_found);
    must(world.discard(1, Scope::of(k_ours)));
    CHECK(world.discard(1).error() ==
          fail(ErrorCode::conflict, "delivery 1 is discarded, not dead"));
    CHECK(world.retry(1).error().code == ErrorCode::conflict);
}

TEST_CASE("issue 010: old news is not retried over later news, which it would undo") {
    World world;
    put_thread(world, {Operation::open, Operation::resolve, Operation::reopen, Operation::resolve});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "T-1", moment(10))}));
    world.dies(2, 11);
    must(world.retry(2));  // nothing later was tried yet
    CHECK(world.state(2) == DeliveryState::pending);
    world.dies(2, 501);
    CHECK(world.lease(502) == Ids{3});
    const auto in_flight = world.retry(2);
    REQUIRE(!in_flight);
    CHECK(in_flight.error().code == ErrorCode::conflict);
    CHECK(in_flight.error().message.find("delivery 3") != std::string::npos);
    // An attempt without an answer may have had its effect.
    must(world.outbox->settle({Settlement::retry(DeliveryId{3}, "timeout", moment(900))}));
    CHECK(world.retry(2).error().code == ErrorCode::conflict);
    // Dead and retried by a person, the later one counts no attempts, but it had some.
    CHECK(world.lease(900) == Ids{3});
    must(world.outbox->settle({Settlement::dead(DeliveryId{3}, "timeout", moment(901))}));
    must(world.retry(3));
    CHECK(world.retry(2).error().code == ErrorCode::conflict);
    must(world.discard(2));
    CHECK(world.lease(902) == Ids{3});
}

TEST_CASE("issue 010: a late note undoes nothing and may be retried") {
    World world;
    put_thread(world, {Operation::open, Operation::note, Operation::resolve});
    CHECK(world.lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "T-1", moment(10))}));
    world.dies(2, 11);
    CHECK(world.lease(12) == Ids{3});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{3}, "", moment(12))}));
    must(world.retry(2));
    CHECK(world.lease(500) == Ids{2});
}
