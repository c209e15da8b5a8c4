// Engine: following the journal, through failures of the store and restarts.
#include "tests/support/engine_world.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("engine: it is ready when it has caught up with the journal, not before") {
    EngineWorld world;
    world.boot();
    for (int i = 0; i < 5; ++i) {
        (void)run(world.context, world.journal.append(world.alert("k" + std::to_string(i))));
    }
    CHECK_FALSE(world.engine->ready());
    REQUIRE(world.start());
    CHECK(world.engine->ready());
    CHECK(world.engine->lag() == 0);
    CHECK(world.decisions() == 5);
}

TEST_CASE("engine: a failing store is tried again until it takes the same effects once") {
    EngineWorld world;
    world.start_and_follow();
    world.faults.failing = 2;
    REQUIRE(world.accept(world.alert("disk")));
    world.until([&] { return world.metric("gantry_store_retries_total") == 1; });
    CHECK_FALSE(world.engine->ready());
    CHECK(world.engine->lag() == 1);
    CHECK(world.decisions() == 0);
    world.until_folded();
    CHECK(world.engine->ready());
    CHECK(world.metric("gantry_store_retries_total") == 2);
    CHECK(world.decisions() == 1);
    CHECK(world.count("incidents") == 1);
}

TEST_CASE("engine: new records do not hurry a store that is unwell") {
    EngineWorld world;
    world.start_and_follow();
    world.faults.failing = Faults::k_for_ever;
    for (int i = 0; i < 60; ++i) {
        REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
        world.context.restart();
        world.context.run_for(Millis{1});
    }
    CHECK(world.faults.begun <= 8);  // 100 ms, 200 ms, 400 ms ... not one each
    world.faults.failing = 0;
    world.until_folded();
    CHECK(world.decisions() == 60);
}

TEST_CASE("engine: a command under a failing store is answered when it was made") {
    EngineWorld world;
    world.start_and_follow();
    world.faults.failing = 1;
    const auto outcome = world.submit(EngineWorld::creation("patient"));
    REQUIRE(outcome);
    CHECK(outcome->incident->id == IncidentId{1});
    CHECK(world.count("incidents") == 1);
}

TEST_CASE("engine: after a restart the fold goes on behind its cursor, nothing twice") {
    EngineWorld world;
    world.start_and_follow();
    for (int i = 0; i < 4; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    world.until_folded();
    REQUIRE(world.accept(world.alert("k3", R"(,"status":"resolved")")));
    world.stop();
    world.boot();
    for (int i = 4; i < 7; ++i) {
        (void)run(world.context, world.journal.append(world.alert("k" + std::to_string(i))));
    }
    REQUIRE(world.start());
    CHECK(world.decisions() == 8);
    CHECK(world.number("SELECT COUNT(*) FROM alerts WHERE state = 1") == 6);
    CHECK(world.number("SELECT COUNT(DISTINCT journal_seq) FROM decisions") == 8);
}

TEST_CASE("engine: stopped while the store is away, it ends, and the next start makes it good") {
    EngineWorld world;
    world.start_and_follow();
    world.faults.failing = Faults::k_for_ever;
    REQUIRE(world.accept(world.alert("disk")));
    world.until([&] { return world.metric("gantry_store_retries_total") > 0; });
    world.stop();
    CHECK(world.decisions() == 0);
    world.faults.failing = 0;
    world.boot();
    REQUIRE(world.start());
    CHECK(world.decisions() == 1);
}

TEST_CASE("engine: stop lets what is in the journal be folded first") {
    EngineWorld world;
    REQUIRE(world.start());
    for (int i = 0; i < 600; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i % 7))));
    world.follow();
    world.stop();
    CHECK(world.engine->lag() == 0);
    CHECK(world.decisions() == 600);
}

TEST_CASE("engine: a start that cannot read says so") {
    EngineWorld world;
    world.boot();
    (void)run(world.context, world.journal.append(world.alert("k")));
    world.journal.read_error = fail(ErrorCode::corrupt, "journal: page 7 is damaged");
    const auto started = world.start();
    REQUIRE_FALSE(started);
    CHECK(started.error() == *world.journal.read_error);
    CHECK_FALSE(world.engine->ready());
}

TEST_CASE("engine: records trimmed before this store saw them stop neither start nor gates") {
    EngineWorld world({.max_lag_records = 2});
    world.boot();
    for (int i = 0; i < 10; ++i) {
        (void)run(world.context, world.journal.append(world.alert("k" + std::to_string(i))));
    }
    world.journal.forget_all();
    REQUIRE(world.start());
    CHECK(world.engine->ready());
    CHECK(world.engine->lag() == 0);
    world.follow();
    const int reads = world.journal.reads;
    world.context.restart();
    world.context.run_for(Millis{20});
    CHECK(world.journal.reads - reads < 3);  // it waits, it does not spin
    REQUIRE(world.accept(world.alert("new")));
    world.until_folded();
    CHECK(world.decisions() == 1);
    CHECK(world.number("SELECT seq FROM progress WHERE name = 'fold'") == 11);
}

TEST_CASE("engine: a record that cannot be read is counted and passed over") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.record(journal::Kind::intake, "{")));
    REQUIRE(world.accept(world.record(journal::Kind::agent_report, "{}")));
    REQUIRE(world.accept(world.record(journal::Kind::command, "[]")));
    REQUIRE(world.accept(world.record(static_cast<journal::Kind>(250), "")));
    REQUIRE(world.accept(world.alert("good")));
    world.until_folded();
    CHECK(world.metric("gantry_journal_broken_total") == 4);
    CHECK(world.metric("gantry_journal_folded_total") == 5);
    CHECK(world.decisions() == 1);
}
