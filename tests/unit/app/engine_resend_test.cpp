// Engine: resends that only say "still firing", and alerts that are no longer resent.
#include "tests/support/engine_world.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("engine: a resend that changes nothing is taken without the journal, and counted") {
    EngineWorld world;
    world.start_and_follow();
    const auto disk = world.events_of(world.alert("disk"));
    CHECK_FALSE(world.engine->coalesce(disk, world.clock.now()));  // not known yet
    REQUIRE(world.accept(world.alert("disk")));
    world.until_folded();
    CHECK(world.engine->coalesce(disk, world.clock.now()));
    CHECK(world.metric("gantry_events_coalesced_total") == 1);
    CHECK(world.journal.records.size() == 1);
}

TEST_CASE("engine: one event that says something new sends all of a request to the journal") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("disk")));
    REQUIRE(world.accept(world.alert("load")));
    world.until_folded();
    auto both = world.events_of(world.alert("disk"));
    both.push_back(world.events_of(world.alert("load")).front());
    CHECK(world.engine->coalesce(both, world.clock.now()));
    both[1].severity = Severity::warning;
    CHECK_FALSE(world.engine->coalesce(both, world.clock.now()));
    both[1].severity = Severity::critical;
    both[0].action = EventAction::resolved;
    CHECK_FALSE(world.engine->coalesce(both, world.clock.now()));
    CHECK(world.metric("gantry_events_coalesced_total") == 2);
}

TEST_CASE("engine: another organisation's alert of the same key is not refreshed") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("disk")));
    world.until_folded();
    auto foreign = world.events_of(world.alert("disk"));
    foreign[0].organisation = OrganisationId{2};
    CHECK_FALSE(world.engine->coalesce(foreign, world.clock.now()));
}

TEST_CASE("engine: when a resend was last seen is in the records after a stop") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("disk")));
    world.until_folded();
    world.clock.advance(Millis{90'000});
    REQUIRE(world.engine->coalesce(world.events_of(world.alert("disk")), world.clock.now()));
    world.engine->stop();
    run(world.context, world.engine->keep_house());
    const std::int64_t now_ms = to_ms(world.clock.now());
    CHECK(world.number("SELECT MAX(last_seen_at) FROM alert_seen") == now_ms);
    CHECK(world.number("SELECT seq FROM progress WHERE name = 'alive_ms'") == now_ms);
}

// These two wait for the engine's own tick of one second.
TEST_CASE("engine: an alert that is not resent in time resolves itself, through the journal") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("disk", R"(,"expires_after_s":60)")));
    REQUIRE(world.accept(world.alert("load")));
    world.until_folded();
    world.clock.advance(Millis{61'000});
    boost::asio::co_spawn(world.context, world.engine->keep_house(), boost::asio::detached);
    world.until([&] { return world.journal.records.size() == 3; });
    world.until_folded();
    CHECK(world.journal.records[2].kind == journal::Kind::expiry);
    CHECK(world.journal.records[2].body == R"({"alerts":[1]})");
    CHECK(world.number("SELECT state FROM alerts WHERE id = 1") == 0);
    CHECK(world.number("SELECT state FROM alerts WHERE id = 2") == 1);
    world.stop();
}

TEST_CASE("engine: the time it was down does not count against an alert") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("disk", R"(,"expires_after_s":60)")));
    world.until_folded();
    world.engine->stop();
    run(world.context, world.engine->keep_house());  // notes that it was alive
    world.until([&] { return !world.following; });
    world.clock.advance(Millis{3'600'000});
    world.boot();
    REQUIRE(world.start());
    CHECK(world.correlator->due_to_expire(world.clock.now(), 10).empty());
    world.clock.advance(Millis{61'000});
    CHECK(world.correlator->due_to_expire(world.clock.now(), 10).size() == 1);
}
