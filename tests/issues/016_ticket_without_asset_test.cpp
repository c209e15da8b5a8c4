// A ticket made by hand had neither asset nor site unless somebody named an asset; every incident
// is to be about an asset of its organisation.
#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"
#include "tests/support/ticket_store_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct World : TicketStoreWorld {
    CommandOutcome create(OrganisationId organisation = k_ours) {
        CreateIncident wanted;
        wanted.title = "Nobody can print";
        return must(execute(wanted, ++seq, organisation));
    }

    std::int64_t seq = 0;
};

}  // namespace

TEST_CASE("issue 016: a ticket about nothing in particular is about its organisation") {
    World world;
    const auto first = world.create();
    REQUIRE(first.incident);
    const AssetId asset = first.incident->asset;
    REQUIRE(asset == AssetId{1});
    CHECK(world.sequences.next_asset == 2);
    CHECK(world.asset(asset).name == "default");
    CHECK(world.asset(asset).asset_class == AssetClass::service);
    CHECK(world.asset(asset).organisation == k_ours);
    CHECK(world.asset(asset).identified_by == "organisation");
    REQUIRE(first.asset_now);
    CHECK(first.asset_now->id == asset);
    CHECK(!first.asset);  // no agent proves it
    const auto second = world.create();
    CHECK(second.incident->asset == asset);
    CHECK(!second.asset_now);
    const auto theirs = world.create(k_theirs);
    CHECK(theirs.incident->asset == AssetId{2});
    CHECK(world.asset(AssetId{2}).name == "acme");
    CHECK(world.asset(AssetId{2}).organisation == k_theirs);
}

TEST_CASE("issue 016: a refused ticket leaves no asset behind") {
    World world;
    CreateIncident untitled;
    CHECK(!world.execute(untitled, 1));
    CHECK(world.sequences.next_asset == 1);
    CHECK(must(world.desk->assets(*world.connection, Scope::all(), {}, {})).items.empty());
}

TEST_CASE("issue 016: events about a service of that name find the same asset") {
    World world;
    CorrelatorWorld monitoring;
    monitoring.correlator->observe(world.create());
    monitoring.sequences = world.sequences;
    auto event = firing("print", Severity::critical, "");
    event.labels = {{"service", "default"}};
    CHECK(monitoring.step(event).asset == AssetId{1});
    // And the other way about: made by an event first, found by a ticket.
    event.organisation = k_theirs;
    event.labels = {{"service", "acme"}};
    const auto changes = monitoring.fold({event});
    REQUIRE(changes.new_assets.size() == 1);
    world.sequences = monitoring.sequences;
    must(world.tickets->apply(*world.connection, changes, world.sequences));
    CHECK(world.create(k_theirs).incident->asset == changes.new_assets[0].id);
}
