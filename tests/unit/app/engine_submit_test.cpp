// Engine: what goes in, and what is answered.
#include "tests/support/engine_world.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("engine: a command is journaled, executed in its place, and answered with its outcome") {
    EngineWorld world;
    world.start_and_follow();
    const auto outcome = world.submit(EngineWorld::creation("printer on fire"));
    REQUIRE(outcome);
    REQUIRE(outcome->incident);
    CHECK(outcome->incident->title == "printer on fire");
    REQUIRE(world.journal.records.size() == 1);
    const journal::Record& record = world.journal.records[0];
    CHECK(record.kind == journal::Kind::command);
    CHECK(record.source == "ann");
    CHECK(record.organisation == OrganisationId{1});
    CHECK(record.received_at == world.clock.now());
    CHECK(world.count("incidents") == 1);
    CHECK(world.committed == 1);
}

TEST_CASE("engine: a refusal is the command's answer, and the next command is executed") {
    EngineWorld world;
    world.start_and_follow();
    AddNote note;
    note.incident = IncidentId{99};
    note.body = "looked at it";
    const auto refused = world.submit(Command{OrganisationId{1}, "ann", std::nullopt, note});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_found);
    CHECK(world.submit(EngineWorld::creation("second")));
    CHECK(world.count("incidents") == 1);
    CHECK(world.number("SELECT seq FROM progress WHERE name = 'fold'") == 2);
}

TEST_CASE("engine: commands asked at once get each its own outcome") {
    EngineWorld world;
    world.start_and_follow();
    std::vector<std::string> titles(30);
    int answered = 0;
    for (std::size_t i = 0; i < titles.size(); ++i) {
        auto work = [&, i]() -> boost::asio::awaitable<void> {
            auto command = EngineWorld::creation("number " + std::to_string(i));
            const auto outcome = co_await world.engine->submit(std::move(command));
            if (outcome && outcome->incident) titles[i] = outcome->incident->title;
            ++answered;
        };
        boost::asio::co_spawn(world.context, work, boost::asio::detached);
    }
    world.until([&] { return answered == 30; });
    for (std::size_t i = 0; i < titles.size(); ++i) {
        CHECK(titles[i] == "number " + std::to_string(i));
    }
}

TEST_CASE("engine: a command whose outcome is late is recorded, said to be, and still made") {
    EngineWorld world({.command_deadline = Millis{1}});
    REQUIRE(world.start());
    const auto late = world.submit(EngineWorld::creation("slow"));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::timeout);
    CHECK(late.error().message.find("journal record 1") != std::string::npos);
    CHECK(world.count("incidents") == 0);
    world.follow();
    world.until_folded();
    CHECK(world.count("incidents") == 1);
}

TEST_CASE("engine: an outcome that is there before its command waits for it is not lost") {
    EngineWorld world({.command_deadline = Millis{20}});
    world.start_and_follow();
    // The journal answers only when the record is folded already.
    world.journal.before_answer = [&]() -> boost::asio::awaitable<void> {
        while (world.engine->lag() > 0) {
            co_await boost::asio::post(world.context, boost::asio::use_awaitable);
        }
    };
    const auto outcome = world.submit(EngineWorld::creation("quick"));
    REQUIRE(outcome);
    CHECK(outcome->incident->title == "quick");
}

TEST_CASE("engine: a thousand outcomes that nobody fetched leave room for one that is early") {
    EngineWorld world({.command_deadline = Millis{20}});
    REQUIRE(world.start());
    int late = 0;
    for (int i = 0; i < 1'100; ++i) {
        auto work = [&]() -> boost::asio::awaitable<void> {
            auto command = EngineWorld::creation("given up");
            const auto outcome = co_await world.engine->submit(std::move(command));
            late += outcome ? 0 : 1;
        };
        boost::asio::co_spawn(world.context, work, boost::asio::detached);
    }
    world.until([&] { return late == 1'100; });
    world.follow();
    world.until_folded();
    world.journal.before_answer = [&]() -> boost::asio::awaitable<void> {
        while (world.engine->lag() > 0) {
            co_await boost::asio::post(world.context, boost::asio::use_awaitable);
        }
    };
    const auto outcome = world.submit(EngineWorld::creation("quick"));
    if (!outcome) FAIL(outcome.error().message);
    CHECK(outcome->incident->title == "quick");
}

TEST_CASE("engine: beyond the greatest lag events and commands are refused, until it has shrunk") {
    EngineWorld world({.max_lag_records = 3});
    REQUIRE(world.start());
    int accepted = 0;
    while (world.accept(world.alert("k" + std::to_string(accepted)))) ++accepted;
    CHECK(accepted == 4);  // "beyond": at three it still takes one
    const auto refused = world.accept(world.alert("k9"));
    CHECK(refused.error().code == ErrorCode::limit);
    CHECK(world.submit(EngineWorld::creation("x")).error().code == ErrorCode::limit);
    CHECK(world.journal.records.size() == 4);
    world.follow();
    world.until_folded();
    CHECK(world.accept(world.alert("k9")));
    CHECK(world.submit(EngineWorld::creation("x")));
}

TEST_CASE("engine: what the journal refuses is the answer") {
    EngineWorld world;
    world.start_and_follow();
    world.journal.append_error = fail(ErrorCode::limit, "journal: the disk is full");
    CHECK(world.accept(world.alert("a")).error() == *world.journal.append_error);
    CHECK(world.submit(EngineWorld::creation("x")).error() == *world.journal.append_error);
    world.journal.append_error.reset();
    CHECK(world.submit(EngineWorld::creation("x")));
}

TEST_CASE("engine: the lag is shown while nothing is folded") {
    EngineWorld world;
    REQUIRE(world.start());
    for (int i = 0; i < 3; ++i) REQUIRE(world.accept(world.alert("k" + std::to_string(i))));
    CHECK(world.engine->lag() == 3);
    CHECK(world.metrics.gauge("gantry_journal_lag_records", "").value() == 3);
    world.follow();
    world.until_folded();
    CHECK(world.metrics.gauge("gantry_journal_lag_records", "").value() == 0);
}
