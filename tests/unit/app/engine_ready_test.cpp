// Engine: what it takes in, what it says about itself, and what must never be mistaken for a
// resend.
#include "tests/support/engine_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// accept() as the intake does it: with the events that may be resent.
Result<void> take(EngineWorld& world, const journal::Record& record) {
    return world.accept(record, EngineWorld::events_of(record));
}

}  // namespace

TEST_CASE("engine: firing again behind a resolve that is not folded yet is no resend") {
    EngineWorld world;
    world.start_and_follow();
    const auto firing = world.alert("disk");
    REQUIRE(take(world, firing));
    world.until_folded();
    world.faults.failing = Faults::k_for_ever;  // the fold stands still
    REQUIRE(take(world, world.alert("disk", R"(,"status":"resolved")")));
    CHECK_FALSE(world.engine->coalesce(world.events_of(firing), world.clock.now()));
    REQUIRE(take(world, firing));
    world.faults.failing = 0;
    world.until_folded();
    CHECK(world.number("SELECT state FROM alerts") == static_cast<int>(AlertState::firing));
    CHECK(world.number("SELECT episode_count FROM alerts") == 2);
    CHECK(world.engine->coalesce(world.events_of(firing), world.clock.now()));
}

TEST_CASE("engine: resends of other alerts stay cheap while one alert's record is under way") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(take(world, world.alert("disk")));
    REQUIRE(take(world, world.alert("load")));
    world.until_folded();
    world.faults.failing = Faults::k_for_ever;
    REQUIRE(take(world, world.alert("disk", R"(,"status":"resolved")")));
    CHECK(world.engine->coalesce(world.events_of(world.alert("load")), world.clock.now()));
    CHECK_FALSE(world.engine->coalesce(world.events_of(world.alert("disk")), world.clock.now()));
}

TEST_CASE("engine: a store that is ahead of its journal is refused at the start") {
    EngineWorld world;
    world.start_and_follow();
    for (int i = 0; i < 3; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    world.until_folded();
    world.stop();
    world.journal = MemoryJournal();  // lost, with its sequence
    world.boot();
    const auto started = world.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::corrupt);
    CHECK(started.error().message.find("journal record 3") != std::string::npos);
    CHECK(started.error().message.find("ends at 0") != std::string::npos);
    CHECK_FALSE(world.engine->ready());
}

TEST_CASE("engine: says why it takes no work") {
    app::EngineOptions options;
    options.max_lag_records = 2;
    EngineWorld world(options);
    CHECK(world.engine->not_ready() == "starting");
    world.start_and_follow();
    CHECK(world.engine->not_ready().empty());

    world.journal.append_error = fail(ErrorCode::limit, "journal: disk full");
    CHECK_FALSE(world.accept(world.alert("a")));
    CHECK(world.engine->not_ready() == "journal: disk full");
    world.clock.advance(Millis{10'001});  // nobody has tried since: not known any more
    CHECK(world.engine->not_ready().empty());
    world.journal.append_error.reset();

    world.faults.failing = Faults::k_for_ever;
    REQUIRE(world.accept(world.alert("b")));
    world.until([&] { return !world.engine->ready(); });
    CHECK(world.engine->not_ready() == "the store does not take the effects");
    world.faults.failing = 0;
    world.until_folded();
    CHECK(world.engine->not_ready().empty());
}

TEST_CASE("engine: a row that the store refuses is left out and the rest goes on") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(
        world.look->execute("CREATE TRIGGER picky BEFORE INSERT ON alerts WHEN "
                            "NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END"));
    REQUIRE(world.accept(world.alert("bad")));
    REQUIRE(world.accept(world.alert("good")));
    world.until_folded();
    CHECK(world.metric("gantry_rows_left_out_total") == 1);
    CHECK(world.number("SELECT COUNT(*) FROM alerts WHERE key = 'good'") == 1);
    CHECK(world.count("incidents") == 2);
    CHECK(world.decisions() == 2);
    CHECK(world.engine->ready());
}

TEST_CASE("engine: ids are not given twice after rows were forgotten and trimmed") {
    EngineWorld world;
    world.start_and_follow();
    for (int i = 0; i < 3; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    world.until_folded();
    world.stop();
    const std::int64_t before = world.number("SELECT MAX(first_id + count - 1) FROM decisions");
    REQUIRE(world.look->execute("DELETE FROM decisions; DELETE FROM alerts"));
    world.boot();
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("new")));
    world.until_folded();
    CHECK(world.number("SELECT MIN(first_id) FROM decisions") == before + 1);
    CHECK(world.number("SELECT id FROM alerts") == 4);
    CHECK(world.number("SELECT episode_id FROM alerts") == 4);
}

TEST_CASE("engine: a store that lacks records which the journal has trimmed says so") {
    EngineWorld world;
    world.start_and_follow();
    for (int i = 0; i < 5; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    world.until_folded();
    world.stop();
    // As after putting back a backup from record 1, with a journal that begins at record 4.
    REQUIRE(world.look->execute("UPDATE progress SET seq = 1 WHERE name = 'fold'"));
    std::erase_if(world.journal.records, [](const auto& record) { return record.seq.value < 4; });
    world.boot();
    REQUIRE(world.start());
    CHECK(world.metric("gantry_journal_missing_total") == 2);
    CHECK(world.engine->ready());
}

TEST_CASE("engine: a store that has all of a trimmed journal's effects misses nothing") {
    EngineWorld world;
    world.start_and_follow();
    for (int i = 0; i < 5; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    world.until_folded();
    world.stop();
    world.journal.forget_all();
    world.boot();
    REQUIRE(world.start());
    CHECK(world.metric("gantry_journal_missing_total") == 0);
}

TEST_CASE("engine: what the correlator drops is counted with its reason") {
    EngineWorld world;
    world.start_and_follow();
    REQUIRE(world.accept(world.alert("never-fired", R"(,"status":"resolved")")));
    REQUIRE(world.accept(world.alert("disk")));
    for (int i = 0; i < 2; ++i) {
        REQUIRE(world.accept(world.alert("disk", R"(,"status":"resolved")")));
    }
    world.until_folded();
    const auto dropped = [&](const char* reason) {
        return world.metrics.counter("gantry_events_without_effect_total", "", {{"reason", reason}})
            .value();
    };
    CHECK(dropped("resolve_unknown") == 1);
    CHECK(dropped("resolve_late") == 1);
    CHECK(dropped("no_room") == 0);
}
