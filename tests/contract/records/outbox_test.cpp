// The Outbox port, on every engine.
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

constexpr Millis k_lease{30'000};
using Ids = std::vector<std::int64_t>;

Ids lease(Outbox& outbox, std::int64_t now, std::size_t max = 100) {
    return ids_of(must(outbox.lease("chat", moment(now), k_lease, max)));
}

}  // namespace

TEST_CASE("outbox: in order per incident, leased once, again after the lease") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    for (std::int64_t id = 1; id <= 4; ++id) {
        put(*world.connection, {.id = id, .incident = id == 4 ? 2 : 1});
    }
    put(*world.connection, {.id = 5, .incident = 3, .connector = "desk"});
    CHECK(lease(*world.outbox, 10, 1) == Ids{1});
    CHECK(lease(*world.outbox, 10) == Ids{4});
    CHECK(lease(*world.outbox, 39).empty());
    CHECK(lease(*world.outbox, 40) == Ids{1, 4});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "R1", moment(41))}));
    CHECK(lease(*world.outbox, 41) == Ids{2});
    must(world.outbox->settle({Settlement::retry(DeliveryId{2}, "503", moment(50))}));
    CHECK(lease(*world.outbox, 49).empty());
    CHECK(lease(*world.outbox, 50) == Ids{2});
    must(world.outbox->settle({Settlement::dead(DeliveryId{2}, "410", moment(51))}));
    must(world.outbox->settle({Settlement::release(DeliveryId{4}, moment(60))}));
    CHECK(must(world.outbox->next_due("chat")) == moment(60));
    CHECK(lease(*world.outbox, 60) == Ids{4});
    CHECK(must(world.outbox->remote_id("chat", IncidentId{1})) == "R1");
    must(world.desk->retry_delivery(*world.connection, Scope::all(), DeliveryId{2}, moment(70)));
    CHECK(must(world.outbox->next_due("chat")) == moment(70));
    const auto again = must(world.outbox->lease("chat", moment(70), k_lease, 1));
    REQUIRE(again.size() == 1);
    CHECK(again[0].id == DeliveryId{2});
    CHECK(again[0].attempts == 1);
    CHECK(again[0].created_at == moment(70));
}

TEST_CASE("outbox: two drains never hold one row at the same time") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    for (std::int64_t id = 1; id <= 6; ++id) put(*world.connection, {.id = id, .incident = id});
    const auto other = itsm::make_outbox(*world.database);
    CHECK(lease(*world.outbox, 10, 2) == Ids{1, 2});
    CHECK(lease(*other, 10, 2) == Ids{3, 4});
    CHECK(lease(*world.outbox, 10) == Ids{5, 6});
    CHECK(lease(*other, 10).empty());
}

TEST_CASE("outbox: what the writer wrote is what the drain reads") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    IncidentAction opened = open_action(1, k_theirs);
    opened.title =
        "Gr\xc3\xb6\xc3\x9f"
        "e \\ \"x\" \xf0\x9f\x94\xa5";
    must(world.tickets->apply(*world.connection,
                              changes_of({opened, then(opened, IncidentAction::Kind::resolve, 0)}),
                              world.sequences));
    const auto first = must(world.outbox->lease("chat", moment(500), k_lease, 10));
    REQUIRE(first.size() == 1);
    CHECK(first[0].operation == Operation::open);
    CHECK(first[0].organisation == k_theirs);
    CHECK(first[0].idempotency_key == "INC0000001.1.chat");
    CHECK(first[0].payload.find("Gr\xc3\xb6\xc3\x9f"
                                "e \\\\ \\\"x\\\" \xf0\x9f\x94\xa5") != std::string::npos);
    must(world.outbox->settle({Settlement::delivered(first[0].id, "R1", moment(501))}));
    const auto second = must(world.outbox->lease("chat", moment(502), k_lease, 10));
    REQUIRE(second.size() == 1);
    CHECK(second[0].operation == Operation::resolve);
    CHECK(second[0].idempotency_key == "INC0000001.2.chat");
}

TEST_CASE("outbox: a lost connection to PostgreSQL is opened again") {
    if (!has_postgres()) return;
    Records world(Kind::postgres);
    put(*world.connection, {.id = 1, .incident = 1});
    put(*world.connection, {.id = 2, .incident = 2});
    CHECK(lease(*world.outbox, 10, 1) == Ids{1});
    drop_postgres_connections();
    // At most one call notices; the lease before was durable.
    auto after = world.outbox->lease("chat", moment(10), k_lease, 10);
    if (!after) {
        CHECK(after.error().code == ErrorCode::unavailable);
        after = world.outbox->lease("chat", moment(10), k_lease, 10);
    }
    CHECK(ids_of(must(std::move(after))) == Ids{2});
    must(world.outbox->settle({Settlement::delivered(DeliveryId{1}, "R1", moment(11))}));
    CHECK(must(world.outbox->remote_id("chat", IncidentId{1})) == "R1");
}
