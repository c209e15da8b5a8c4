// An unreadable row is dropped; where the disk took no writes it could not be, and no report went
// out any more.
#include <catch2/catch.hpp>

#include "tests/support/dying_database.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using gantry::test::readings;
using gantry::test::transition;

namespace {

using Names = std::vector<std::string>;

struct Agent : test::SpoolFixture {
    test::Death death;

    void start() {
        spool.reset();
        agent::SpoolOptions options;
        options.directory = directory.path();
        options.boot_id = boot_id;
        options.max_bytes = max_bytes;
        const auto opener = [this](const std::string& location) {
            return test::open_dying(location, death);
        };
        auto opened = agent::Spool::open(std::move(options), opener, clock, random);
        REQUIRE(opened.has_value());
        spool = std::move(*opened);
    }
    // Transitions of these checks, all acknowledged before but nothing of them; then runs `sql`.
    void fill(const Names& checks, const std::string& sql) {
        start();
        acknowledge(report());
        REQUIRE(spool->append_full_state({}).has_value());  // or one is due from the beginning
        acknowledge(report());
        for (const std::string& check : checks) {
            const auto state = transition(check, Condition::ok, Condition::critical);
            REQUIRE(spool->append_states({state}).has_value());
        }
        spoil(sql);
        REQUIRE_FALSE(spool->wants_full_state());
    }
    // Runs `sql` on the file while the agent is down.
    void spoil(const std::string& sql) {
        spool.reset();
        {
            auto database = storage::open_database(directory.path() + "/spool.db");
            auto connection = (*database)->connect(storage::Durability::full);
            REQUIRE((*connection)->execute(sql).has_value());
        }
        start();
    }
    [[nodiscard]] Report report() const {
        auto out = spool->next_report(1 << 20);
        REQUIRE(out.has_value());
        return std::move(*out);
    }
    void acknowledge(const Report& told) const {
        REQUIRE(spool->acknowledge(told.epoch, told.last_seq).has_value());
    }
    // As an operator is told, of all kinds.
    [[nodiscard]] std::int64_t counted(
        const std::string& reason = "unreadable in the spool") const {
        std::int64_t out = 0;
        for (const auto& drop : spool->status().dropped) {
            if (drop.reason == reason) out += drop.count;
        }
        return out;
    }
    [[nodiscard]] std::int64_t superseded() const { return counted("superseded"); }
};

Names checks(const Report& report) {
    Names out;
    for (const ReportRecord& record : report.records) {
        if (record.kind == RecordKind::state) out.push_back(record.states[0].check);
    }
    return out;
}

// Unreadable rows that the server is told of.
std::int64_t told(const Report& report) {
    std::int64_t out = 0;
    for (const ReportRecord& record : report.records) {
        for (const DroppedCount& drop : record.dropped) {
            if (drop.reason == "unreadable in the spool") out += drop.count;
        }
    }
    return out;
}

constexpr const char* k_spoil_b = "UPDATE keep SET payload = '{' WHERE payload LIKE '%\"b\"%'";

}  // namespace

TEST_CASE("issue 027: without writes an unreadable row is left out, counted once, others go out") {
    Agent agent;
    agent.fill({"a", "b", "c"}, k_spoil_b);
    agent.death.takes_no_writes = true;
    for (int tries = 0; tries < 3; ++tries) {
        CAPTURE(tries);
        const Report report = agent.report();
        CHECK(checks(report) == Names{"a", "c"});
        CHECK(report.last_seq - report.first_seq == 2);  // of the three numbers none is missing
        CHECK(agent.counted() == 1);
    }
    CHECK_FALSE(agent.spool->acknowledge(1, agent.report().last_seq).has_value());
    // The disk is back: the row goes, and is not counted for it.
    agent.death.takes_no_writes = false;
    const Report report = agent.report();
    CHECK(checks(report) == Names{"a", "c"});
    CHECK(agent.spool->wants_full_state());
    agent.acknowledge(report);
    CHECK(told(report) + told(agent.report()) == 1);
    CHECK(agent.counted() == 1);
    agent.start();
    CHECK(agent.counted() == 1);
    CHECK(agent.spool->wants_full_state());
}

TEST_CASE("issue 027: an unreadable row that an acknowledgement takes along is lost all the same") {
    Agent agent;
    agent.fill({"a", "b", "c"}, k_spoil_b);
    agent.death.takes_no_writes = true;
    const Report report = agent.report();
    agent.death.takes_no_writes = false;
    agent.acknowledge(report);
    CHECK(agent.spool->wants_full_state());
    CHECK(agent.counted() == 1);
    const Report next = agent.report();
    CHECK(checks(next).empty());
    CHECK(told(next) == 1);
    agent.acknowledge(next);
    CHECK(told(agent.report()) == 0);
    agent.start();
    CHECK(agent.counted() == 1);
    CHECK(agent.spool->wants_full_state());
}

TEST_CASE("issue 027: without writes nothing but unreadable rows still gives a sign of life") {
    Agent agent;
    agent.fill({"a", "b", "c"}, "UPDATE keep SET payload = ''");
    agent.death.takes_no_writes = true;
    REQUIRE(agent.spool->append_sample(readings(1)).error().code == ErrorCode::unavailable);
    const Report report = agent.report();
    CHECK(report.records.empty());
    CHECK(agent.counted() == 3);
    agent.death.takes_no_writes = false;
    const Report next = agent.report();
    CHECK(checks(next).empty());
    CHECK(told(next) == 3);
    CHECK(agent.counted() == 3);
}

TEST_CASE("issue 027: a new process counts anew what the old one had counted in memory only") {
    Agent agent;
    agent.fill({"a", "b", "c"}, k_spoil_b);
    agent.death.takes_no_writes = true;
    CHECK(checks(agent.report()) == Names{"a", "c"});
    CHECK(agent.counted() == 1);
    agent.spool.reset();  // while it can write nothing
    agent.death.takes_no_writes = false;
    agent.start();
    CHECK(agent.counted() == 0);
    CHECK(checks(agent.report()) == Names{"a", "c"});
    CHECK(agent.counted() == 1);
}

TEST_CASE("issue 027: a row that was left out and then gives way to others is counted once") {
    Agent agent;
    agent.fill({"a", "b", "c"}, k_spoil_b);
    const auto all = [&] {
        const auto status = agent.spool->status();
        std::int64_t out = status.states;
        for (const auto& drop : status.dropped)
            out += drop.kind == RecordKind::state ? drop.count : 0;
        return out;
    };
    const std::int64_t before = all();
    agent.death.takes_no_writes = true;
    CHECK(checks(agent.report()) == Names{"a", "c"});
    agent.death.takes_no_writes = false;
    CheckState large = transition("large", Condition::ok, Condition::critical);
    large.evidence = {{"proof", std::string(2000, 'x')}};
    for (int i = 0; i < 1000; ++i) REQUIRE(agent.spool->append_states({large}).has_value());
    REQUIRE(agent.spool->status().states < 1000);
    CHECK(agent.counted() == 1);
    CHECK(all() == before + 1000);
}

TEST_CASE("issue 027: a full state that was left out and then is superseded is counted once") {
    Agent agent;
    agent.fill({}, "SELECT 1");
    REQUIRE(agent.spool->append_full_state({}).has_value());
    agent.spoil("UPDATE keep SET payload = ''");
    agent.death.takes_no_writes = true;
    CHECK(agent.report().records.empty());
    CHECK(agent.counted() == 1);
    agent.death.takes_no_writes = false;
    const auto before = agent.superseded();
    REQUIRE(agent.spool->append_full_state({}).has_value());
    CHECK(agent.counted() == 1);
    CHECK(agent.superseded() == before);
    REQUIRE(agent.spool->append_full_state({}).has_value());
    CHECK(agent.superseded() == before + 1);
}
