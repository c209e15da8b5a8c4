// What a person decides about dead deliveries, the outbox's housekeeping, and who proves an asset,
// on every engine.
#include "itsm/outbox/backlog.hpp"

#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("outbox house: a dead open blocks, is counted, discarded and trimmed") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    put(*world.connection, {.id = 1});
    put(*world.connection, {.id = 2, .operation = Operation::update});
    put(*world.connection, {.id = 3, .operation = Operation::resolve});
    const auto lease = [&](std::int64_t now) {
        return ids_of(must(world.outbox->lease("chat", moment(now), Millis{1'000}, 100)));
    };
    CHECK(lease(10) == Ids{1});
    must(world.outbox->settle({Settlement::dead(DeliveryId{1}, "status 422", moment(10))}));
    CHECK(lease(11).empty());
    const auto waits = must(itsm::backlog(*world.connection, "chat"));
    CHECK(waits.waiting == 2);
    CHECK(waits.blocked == 2);
    CHECK(waits.dead == 1);
    CHECK(waits.oldest == moment(2));
    must(world.desk->discard_delivery(*world.connection, Scope::all(), DeliveryId{1}, moment(20)));
    CHECK(lease(20) == Ids{2});
    must(world.outbox->settle({Settlement::dead(DeliveryId{2}, "status 422", moment(20))}));
    CHECK(lease(21) == Ids{3});  // a dead update is passed by
    const auto retry = [&] {
        return world.desk->retry_delivery(*world.connection, Scope::all(), DeliveryId{2},
                                          moment(22));
    };
    CHECK(retry().error().code == ErrorCode::conflict);
    must(world.outbox->settle({Settlement::delivered(DeliveryId{3}, "", moment(22))}));
    CHECK(must(itsm::trim_outbox(*world.connection, moment(22), 100)) == 1);
    // The later news stays as long as the dead row does: it is why the retry would be wrong.
    CHECK(must(itsm::trim_outbox(*world.connection, moment(9'999), 100)) == 0);
    CHECK(retry().error().code == ErrorCode::conflict);
    CHECK(must(itsm::backlog(*world.connection, "chat")).dead == 1);
    must(world.desk->discard_delivery(*world.connection, Scope::all(), DeliveryId{2}, moment(30)));
    CHECK(must(itsm::trim_outbox(*world.connection, moment(31), 100)) == 2);
}

TEST_CASE("agents: who proves an asset, for a machine of this boot") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    using records::ProvenBy;
    const auto proven = [&](const std::string& boot, std::int64_t since) {
        return must(records::proven_by(*world.connection, AssetId{5}, boot, moment(since)));
    };
    CHECK(proven("boot-1", 0) == ProvenBy::nobody_who_runs);
    records::AgentCredential agent;
    agent.agent_id = "agent-1";
    agent.organisation = k_ours;
    agent.asset = AssetId{5};
    agent.credential_hash = "hash";
    agent.boot_id = "boot-1";
    must(records::insert_agent(*world.connection, {1, moment(10), agent}));
    CHECK(proven("boot-1", 99) == ProvenBy::this_boot);
    CHECK(proven("boot-2", 9) == ProvenBy::another_boot);  // it enrolled since
    CHECK(proven("boot-2", 10) == ProvenBy::nobody_who_runs);
    must(
        records::save_agent_progress(*world.connection, {{"agent-1", 1, 1, "boot-1", moment(20)}}));
    CHECK(proven("boot-2", 19) == ProvenBy::another_boot);
    CHECK(proven("boot-2", 20) == ProvenBy::nobody_who_runs);
    must(records::refuse_boot(*world.connection, "agent-1", "boot-1"));
    CHECK(proven("boot-1", 99) == ProvenBy::another_boot);
}

TEST_CASE("tickets: one about no asset is about its organisation's, the same each time") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    CreateIncident wanted;
    wanted.title = "Nobody can print";
    const auto first = must(world.execute(command_of(wanted, k_theirs)));
    const auto second = must(world.execute(command_of(wanted, k_theirs)));
    CHECK(first.incident->asset.is_set());
    CHECK(first.incident->asset == second.incident->asset);
    CHECK(must(world.desk->asset(*world.connection, Scope::of(k_theirs), first.incident->asset))
              .name == "acme");
}
