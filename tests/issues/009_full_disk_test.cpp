// A full disk made the agent silent: the spool's log gave its blocks back after each checkpoint, so
// no transition could be written; and a count of drops that could not be written failed every
// report.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/dying_database.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using gantry::test::readings;
using gantry::test::transition;

namespace {

struct Agent : test::SpoolFixture {
    std::size_t min_free_bytes = 0;
    test::Death death;

    void start() {
        agent::SpoolOptions options;
        options.directory = directory.path();
        options.boot_id = boot_id;
        options.min_free_bytes = min_free_bytes;
        const auto opener = [this](const std::string& location) {
            return test::open_dying(location, death);
        };
        auto opened = agent::Spool::open(std::move(options), opener, clock, random);
        REQUIRE(opened.has_value());
        spool = std::move(*opened);
    }
    void acknowledge_all() {
        const auto report = spool->next_report(1 << 20);
        REQUIRE(report.has_value());
        REQUIRE(spool->acknowledge(report->epoch, report->last_seq).has_value());
    }
    // Blocks of 512 bytes that the spool's files have.
    [[nodiscard]] std::int64_t blocks() const {
        std::int64_t out = 0;
        for (const char* name : {"/spool.db", "/spool.db-wal"}) {
            struct stat file {};
            REQUIRE(::stat((directory.path() + name).c_str(), &file) == 0);
            out += file.st_blocks;
        }
        return out;
    }
    Result<void> append_transition(int number) {
        const auto to = number % 2 == 0 ? Condition::critical : Condition::ok;
        return spool->append_states({transition("check-" + std::to_string(number), to, to)});
    }
};

}  // namespace

TEST_CASE("issue 009: hundreds of transitions need no block that the spool does not have") {
    Agent agent;
    agent.start();
    const std::int64_t before = agent.blocks();
    for (int i = 0; i < 300; ++i) REQUIRE(agent.append_transition(i).has_value());
    CHECK(agent.blocks() == before);
    agent.acknowledge_all();
    for (int i = 0; i < 300; ++i) {
        REQUIRE(agent.append_transition(i).has_value());
        agent.acknowledge_all();
    }
    CHECK(agent.blocks() == before);
}

TEST_CASE("issue 009: a restart takes the same blocks again") {
    Agent agent;
    agent.start();
    const std::int64_t before = agent.blocks();
    REQUIRE(agent.append_transition(0).has_value());
    agent.spool.reset();
    agent.start();
    CHECK(agent.blocks() == before);
    CHECK(agent.spool->status().epoch == 1);
    CHECK(agent.spool->status().states == 1);
}

TEST_CASE("issue 009: a disk that takes no writes does not end reports") {
    Agent agent;
    agent.start();
    REQUIRE(agent.spool->append_sample(readings(0)).has_value());
    agent.acknowledge_all();
    agent.death.is_dead = true;
    std::size_t refused = 0;
    for (int i = 0; i < 60; ++i) {
        if (!agent.spool->append_sample(readings(i))) ++refused;
    }
    CHECK(refused > 0);
    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    CHECK(report->records.size() == 40);
    const auto status = agent.spool->status();
    REQUIRE(status.dropped.size() == 1);
    CHECK(status.dropped[0].reason == "disk failure");
    CHECK(status.dropped[0].count == 20);
}

TEST_CASE("issue 009: when the disk is short, samples wait in memory and transitions are written") {
    Agent agent;
    agent.min_free_bytes = SIZE_MAX;
    agent.start();
    const std::int64_t before = agent.spool->status().bytes;
    for (int i = 0; i < 60; ++i) (void)agent.spool->append_sample(readings(i));
    CHECK(agent.spool->status().bytes == before);
    CHECK(agent.spool->status().held == 40);
    REQUIRE(agent.append_transition(0).has_value());
    CHECK(agent.spool->status().states >= 1);
    // They never need a block that is not there: the oldest give way.
    const std::int64_t blocks = agent.blocks();
    for (int i = 1; i < 3000; ++i) REQUIRE(agent.append_transition(i).has_value());
    CHECK(agent.blocks() == blocks);
    CHECK(agent.spool->status().states > 300);
    CHECK(agent.spool->wants_full_state());
    // The server is told of what had to go, and all that is held goes out.
    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    std::int64_t told = 0;
    std::int64_t samples = 0;
    for (const ReportRecord& record : report->records) {
        if (record.kind == RecordKind::sample) ++samples;
        for (const DroppedCount& drop : record.dropped) {
            CHECK(drop.reason == "disk full");
            if (drop.kind == RecordKind::sample) told += drop.count;
        }
    }
    CHECK(samples == 40);
    CHECK(told == 20);
}
