#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

Asset asset(std::int64_t id, std::string name, std::int64_t organisation = 1) {
    Asset out;
    out.id = AssetId{id};
    out.organisation = OrganisationId{organisation};
    out.name = std::move(name);
    return out;
}

struct Found {
    std::int64_t asset;
    IdentifyReason reason;
    friend bool operator==(const Found&, const Found&) = default;
};
std::ostream& operator<<(std::ostream& out, const Found& found) {
    return out << found.asset << ' ' << to_string(found.reason);
}

Found found(CorrelatorWorld& world, const std::string& host) {
    static int counter = 0;
    const auto decision = world.step(firing("k" + std::to_string(++counter), Severity::info, host));
    return {decision.asset.value, decision.identify};
}

constexpr auto by_host = IdentifyReason::host_name;
constexpr auto created = IdentifyReason::created_from_host;

}  // namespace

TEST_CASE("identify: host names, without case, full match before short match") {
    CorrelatorWorld world;
    world.sequences.next_asset = 100;
    auto two_names = asset(3, "mail");
    two_names.facts.fqdn = "mail.example.com";
    for (const auto& known :
         {asset(1, "web01.example.com"), asset(2, "db01"), two_names, asset(4, "10.0.0.5")}) {
        world.correlator->restore(known);
    }
    CHECK(found(world, "WEB01.Example.COM") == Found{1, by_host});
    CHECK(found(world, "web01.example.com.") == Found{1, by_host});
    CHECK(found(world, "web01") == Found{1, by_host});
    CHECK(found(world, "db01.example.com") == Found{2, by_host});
    CHECK(found(world, " db01 ") == Found{2, by_host});
    CHECK(found(world, "mail") == Found{3, by_host});
    CHECK(found(world, "10.0.0.5") == Found{4, by_host});
    // Another domain is another host; an address is no host "10".
    CHECK(found(world, "mail.other.com") == Found{100, created});
    CHECK(found(world, "web01.other.com") == Found{101, created});
    CHECK(found(world, "10.0.0.6") == Found{102, created});
    CHECK(found(world, "10") == Found{103, created});
}

TEST_CASE("identify: a host name of several assets finds the agent's, else none of them") {
    CorrelatorWorld world;
    world.sequences.next_asset = 100;
    world.correlator->restore_agent("agent-2", AssetId{2});  // in any order with the assets
    for (const auto& known : {asset(1, "a"), asset(2, "a"), asset(3, "b"), asset(4, "b"),
                              asset(5, "c.x.com"), asset(6, "c.y.com")}) {
        world.correlator->restore(known);
    }
    CHECK(found(world, "a") == Found{2, by_host});
    CHECK(found(world, "b") == Found{100, created});
    CHECK(found(world, "b") == Found{100, by_host});  // not a new one at every event
    CHECK(found(world, "c") == Found{101, created});
    CHECK(found(world, "c") == Found{101, by_host});
    CHECK(found(world, "c.y.com") == Found{6, by_host});
}

TEST_CASE("identify: an asset is created once per unknown host, with its provenance") {
    CorrelatorWorld world;
    const auto changes = world.fold(
        {firing("a", Severity::critical, "Web07"), firing("b", Severity::critical, "web07")});
    REQUIRE(changes.new_assets.size() == 1);
    const auto& made = changes.new_assets[0];
    CHECK(made.id == AssetId{1});
    CHECK(made.name == "Web07");
    CHECK(made.asset_class == AssetClass::host);
    CHECK(made.identified_by == "host name of generic");
    CHECK(made.organisation == OrganisationId{1});
    CHECK(made.created_at == world.now);
    CHECK(changes.decisions[0].identify == created);
    CHECK(changes.decisions[1].identify == by_host);
    CHECK(changes.decisions[1].asset == made.id);
}

TEST_CASE("identify: the agent's credential goes before everything") {
    CorrelatorWorld world;
    world.correlator->restore(asset(1, "web01"));
    world.correlator->restore(asset(2, "other"));
    auto event = firing("disk");
    event.asset = AssetId{2};
    event.labels = {{"asset_id", "1"}};
    const auto decision = world.step(event);
    CHECK(decision.asset == AssetId{2});
    CHECK(decision.identify == IdentifyReason::agent_credential);
}

TEST_CASE("identify: the label asset_id counts inside the organisation only") {
    CorrelatorWorld world;
    world.sequences.next_asset = 100;
    world.correlator->restore(asset(1, "one"));
    world.correlator->restore(asset(2, "two", 2));
    const auto labelled = [&](const std::string& key, const std::string& id) {
        auto event = firing(key, Severity::info, "web09");
        event.labels = {{"asset_id", id}};
        const auto decision = world.step(event);
        return Found{decision.asset.value, decision.identify};
    };
    CHECK(labelled("a", "1") == Found{1, IdentifyReason::asset_id});
    CHECK(labelled("b", "2") == Found{100, created});
    CHECK(labelled("c", "999") == Found{100, by_host});
    CHECK(labelled("d", "1x") == Found{100, by_host});
    CHECK(labelled("e", "") == Found{100, by_host});
    CHECK(labelled("f", "99999999999999999999") == Found{100, by_host});
}

TEST_CASE("identify: another organisation's assets are never found") {
    CorrelatorWorld world;
    world.sequences.next_asset = 100;
    world.correlator->restore(asset(1, "web01", 2));
    CHECK(found(world, "web01") == Found{100, created});
    auto foreign = firing("stolen");
    foreign.asset = AssetId{1};
    CHECK(world.step(foreign).asset == AssetId{100});
    auto theirs = firing("theirs");
    theirs.organisation = OrganisationId{2};
    CHECK(world.step(theirs).asset == AssetId{1});
}

TEST_CASE("identify: without a host the service or the source has an asset of its own") {
    CorrelatorWorld world;
    auto shop = firing("a", Severity::critical, "");
    shop.labels = {{"service", "shop"}};
    auto again = shop;
    again.key = "b";
    const auto plain = firing("c", Severity::critical, " . ");
    const auto changes = world.fold({shop, again, plain, firing("d", Severity::critical, "")});
    REQUIRE(changes.new_assets.size() == 2);
    CHECK(changes.new_assets[0].name == "shop");
    CHECK(changes.new_assets[0].asset_class == AssetClass::service);
    CHECK(changes.new_assets[1].name == "generic");
    CHECK(changes.decisions[0].identify == IdentifyReason::created_from_source);
    CHECK(changes.decisions[1].identify == IdentifyReason::service_name);
    CHECK(changes.decisions[3].identify == IdentifyReason::service_name);
    CHECK(changes.decisions[3].asset == changes.new_assets[1].id);
    // A service is no host.
    CHECK(found(world, "shop").reason == created);
}

TEST_CASE("identify: an alert keeps its asset in an episode; the next one goes to the new agent") {
    CorrelatorWorld world;
    const auto first = world.step(firing("disk"));
    CHECK(first.identify == created);
    CommandOutcome enrolled;
    enrolled.asset = AssetId{50};
    enrolled.agent_id = "agent";
    enrolled.asset_created = true;
    enrolled.asset_now = asset(50, "web01");
    world.correlator->observe(enrolled);
    const auto inside = world.step(firing("disk", Severity::warning));
    CHECK(inside.asset == first.asset);
    CHECK(inside.identify == IdentifyReason::kept);
    const auto ended = world.step(recovered("disk"));
    CHECK(ended.asset == first.asset);
    const auto next = world.step(firing("disk"));
    CHECK(next.asset == AssetId{50});
    CHECK(next.identify == by_host);
}

TEST_CASE("identify: retired assets are not found by name") {
    CorrelatorWorld world;
    world.sequences.next_asset = 100;
    auto old = asset(1, "web01");
    world.correlator->restore(old);
    CHECK(found(world, "web01") == Found{1, by_host});
    old.lifecycle = Lifecycle::retired;
    CommandOutcome outcome;
    outcome.asset = old.id;
    outcome.asset_now = old;
    world.correlator->observe(outcome);
    CHECK(found(world, "web01") == Found{100, created});
}
