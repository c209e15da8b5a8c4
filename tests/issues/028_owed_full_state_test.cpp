// A machine that was rolled back gives numbers anew that the server has. It was asked for its full
// state in one reply; when that was lost, what it had told under those numbers was lost as well.
#include <catch2/catch.hpp>

#include "collector/ingest/agent_book.hpp"
#include "collector/ingest/decode.hpp"

using namespace gantry;
using collector::AgentBook;
using collector::AgentEntry;

namespace {

const Instant k_now = from_ms(1'764'000'000'000);

AgentEntry known_up_to(std::int64_t acked) {
    AgentEntry entry;
    entry.agent.agent_id = "a";
    entry.agent.epoch = 1;
    entry.agent.acked_seq = acked;
    entry.agent.boot_id = "boot-1";
    return entry;
}

Report report(std::int64_t first, std::int64_t last, const std::string& boot,
              RecordKind kind = RecordKind::state) {
    Report out;
    out.agent_id = "a";
    out.epoch = 1;
    out.boot_id = boot;
    out.first_seq = first;
    out.last_seq = last;
    ReportRecord record;
    record.seq = last;
    record.kind = kind;
    out.records.push_back(record);
    return out;
}

void take(AgentEntry& entry, const Report& report) {
    AgentBook::advance(entry, report, AgentBook::judge(entry, report), k_now);
}

}  // namespace

TEST_CASE(
    "issue 028: a new boot owes a full state, however often the reply that asks for it is lost") {
    AgentEntry entry = known_up_to(10);
    const Report rolled_back = report(8, 12, "boot-2");
    CHECK(AgentBook::judge(entry, rolled_back).want_full_state);
    take(entry, rolled_back);
    CHECK(entry.agent.full_state_due);
    take(entry, report(13, 13, "boot-2"));
    CHECK(entry.agent.full_state_due);
    take(entry, report(14, 14, "boot-2", RecordKind::full_state));
    CHECK_FALSE(entry.agent.full_state_due);
    take(entry, report(15, 15, "boot-2"));
    CHECK_FALSE(entry.agent.full_state_due);
}

TEST_CASE("issue 028: a gap in the numbers is owed a full state, too") {
    AgentEntry entry = known_up_to(10);
    take(entry, report(13, 14, "boot-1"));
    CHECK(entry.agent.full_state_due);
    take(entry, report(15, 15, "boot-1", RecordKind::full_state));
    CHECK_FALSE(entry.agent.full_state_due);
}

TEST_CASE("issue 028: the first report of an agent owes nothing") {
    AgentEntry entry = known_up_to(0);
    entry.agent.boot_id.clear();
    take(entry, report(1, 1, "boot-1"));
    CHECK_FALSE(entry.agent.full_state_due);
}

TEST_CASE("issue 028: the row owes it, for a gantryd that was killed before it answered") {
    records::AgentCredential row = known_up_to(10).agent;
    records::follow_report(row, collector::progress_of(report(11, 12, "boot-2"), k_now));
    CHECK(row.full_state_due);
}

TEST_CASE("issue 028: a copy's report that was accepted before its boot was refused is made good") {
    records::AgentCredential row = known_up_to(10).agent;
    row.refused_boots = {"copy"};
    const Report late = report(11, 12, "copy", RecordKind::full_state);  // not the machine's own
    records::follow_report(row, collector::progress_of(late, k_now));
    CHECK(row.full_state_due);
    CHECK(row.acked_seq == 10);
}
