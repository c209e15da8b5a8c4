// One unreadable row in the spool ended the uplink for ever, and so did a file that was damaged
// while the agent ran: recovery existed at opening only, where payloads are not looked at.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using gantry::test::readings;
using gantry::test::transition;

namespace {

struct Agent : test::SpoolFixture {
    Agent() {
        max_bytes = 16 << 20;
        REQUIRE(open().has_value());
    }
    [[nodiscard]] std::string file() const { return directory.path() + "/spool.db"; }

    Result<void> append(const std::string& check, std::size_t evidence_bytes = 10) const {
        CheckState state = transition(check, Condition::ok, Condition::critical);
        state.evidence = {{"proof", std::string(evidence_bytes, 'x')}};
        return spool->append_states({state});
    }
    // Runs `sql` on the file of the agent that is down.
    void alter(const std::string& sql) {
        spool.reset();
        {
            auto database = storage::open_database(file());
            auto connection = (*database)->connect(storage::Durability::full);
            REQUIRE((*connection)->execute(sql).has_value());
        }
        REQUIRE(open().has_value());
    }
    // More than the cache holds, then garbage over all of it.
    void damage_while_running() const {
        for (int i = 0; i < 400; ++i) {
            REQUIRE(append("check-" + std::to_string(i), 8000).has_value());
        }
        const auto size = std::filesystem::file_size(file());
        REQUIRE(size > 2'000'000);
        std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(4096);
        const std::string garbage(size - 4096, 'x');
        out.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
};

std::vector<std::string> checks(const Report& report) {
    std::vector<std::string> out;
    for (const ReportRecord& record : report.records) {
        if (record.kind == RecordKind::state) out.push_back(record.states[0].check);
    }
    return out;
}

std::map<std::string, std::int64_t> told(const Report& report) {
    std::map<std::string, std::int64_t> out;
    for (const ReportRecord& record : report.records) {
        for (const DroppedCount& drop : record.dropped) out[drop.reason] += drop.count;
    }
    return out;
}

}  // namespace

TEST_CASE("issue 020: a row that cannot be read is dropped and counted, the others go out") {
    Agent agent;
    for (const char* name : {"a", "b", "c"}) REQUIRE(agent.append(name).has_value());
    agent.alter("UPDATE keep SET payload = '{\"seq\":' WHERE payload LIKE '%\"b\"%'");
    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    CHECK(checks(*report) == std::vector<std::string>{"a", "c"});
    CHECK(agent.spool->status().epoch == 1);
    CHECK(agent.spool->wants_full_state());
    REQUIRE(agent.spool->acknowledge(report->epoch, report->last_seq).has_value());
    const auto next = agent.spool->next_report(1 << 20);
    REQUIRE(next.has_value());
    CHECK(told(*next) == std::map<std::string, std::int64_t>{{"unreadable in the spool", 1}});
}

TEST_CASE("issue 020: nothing but unreadable rows still gives a sign of life") {
    Agent agent;
    for (const char* name : {"a", "b", "c"}) REQUIRE(agent.append(name).has_value());
    agent.alter("UPDATE keep SET payload = ''");
    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    CHECK(report->records.empty());
    CHECK(told(*agent.spool->next_report(1 << 20)).at("unreadable in the spool") == 3);
}

TEST_CASE("issue 020: a file damaged at run time is set aside and a new epoch begins") {
    Agent agent;
    agent.damage_while_running();
    REQUIRE(agent.spool->append_sample(readings(1)).has_value());
    const auto last = agent.spool->status().last_seq;
    const auto failed = agent.spool->next_report(1 << 20);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == ErrorCode::corrupt);

    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    CHECK(report->epoch == 2);
    CHECK(checks(*report).empty());
    CHECK(told(*report) == std::map<std::string, std::int64_t>{{"spool lost, number unknown", 1}});
    // What was in memory is still there, and no number is given twice.
    CHECK(report->records[0].kind == RecordKind::sample);
    CHECK(report->records.back().seq > last);
    CHECK(agent.spool->wants_full_state());
    CHECK(agent.spool->conditions().size() == 400);
    CHECK(std::filesystem::file_size(agent.file() + ".corrupt") > 2'000'000);

    // An answer to the old epoch changes nothing; the new one works, across a restart as well.
    REQUIRE(agent.spool->acknowledge(1, last).has_value());
    CHECK(agent.spool->next_report(1 << 20)->first_seq == report->first_seq);
    REQUIRE(agent.append("after").has_value());
    REQUIRE(agent.open().has_value());
    CHECK(agent.spool->status().epoch == 2);
    CHECK(agent.spool->conditions().size() == 401);
    CHECK(checks(*agent.spool->next_report(1 << 20)) == std::vector<std::string>{"after"});
}

TEST_CASE("issue 020: damage that a write meets is recovered from as well") {
    Agent agent;
    agent.damage_while_running();
    Result<void> written;
    // Sooner or later a page that is garbage is needed.
    for (int i = 0; i < 50 && written; ++i) {
        written = agent.spool->acknowledge(1, agent.spool->status().acked_seq + 10);
    }
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == ErrorCode::corrupt);
    REQUIRE(agent.append("after").has_value());
    CHECK(agent.spool->status().epoch == 2);
    CHECK(checks(*agent.spool->next_report(1 << 20)) == std::vector<std::string>{"after"});
}
