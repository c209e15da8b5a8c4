// Facts of another machine on a credential were one line in the log: the copy went on reporting to
// the original's asset. And a copy with its original's UUID and serial that enrolled got the
// original's asset, where two agents then flapped the same alerts.
#include <catch2/catch.hpp>

#include "collector/ingest/agent_book.hpp"
#include "core/model/json.hpp"
#include "core/model/report_json.hpp"
#include "core/records/access.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/ticket_store_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct World : TicketStoreWorld {
    World() {
        records::Token row;
        row.kind = records::TokenKind::enrolment;
        row.organisation = k_ours;
        token = must(records::insert_token(*connection, row, "hash")).id.value;
    }
    // On a machine that booted `uptime` seconds before; 0: it does not say.
    AssetId enrol(const std::string& agent, const Facts& facts, const std::string& boot,
                  std::int64_t at, std::int64_t uptime) {
        EnrolAgent wanted;
        wanted.agent_id = agent;
        wanted.credential_hash = "secret of " + agent;
        wanted.token_id = token;
        wanted.facts = facts;
        wanted.boot_id = boot;
        wanted.uptime_s = uptime;
        return *must(execute(wanted, at)).asset;
    }
    // A report was accepted, as the engine writes it down.
    void hear(const std::string& agent, const std::string& boot, std::int64_t at) {
        must(records::save_agent_progress(*connection, {{agent, 1, ++seq, boot, moment(at)}}));
    }
    std::string rule(AssetId id) { return asset(id).identified_by; }

    std::int64_t token = 0;
    std::int64_t seq = 0;
};

}  // namespace

TEST_CASE("issue 015: facts of another machine refuse its boot and open one ticket") {
    World world;
    const AssetId original = world.enrol("agent-1", machine(1), "boot-1", 10, 5);
    world.hear("agent-1", "boot-1", 20);
    world.hear("agent-1", "boot-2", 30);  // the copy's report, with the facts
    const auto outcome = must(world.execute(ReportFacts{"agent-1", machine(2), "boot-2"}, 30));
    CHECK(outcome.agent_id == "agent-1");
    CHECK(outcome.refused_boot_id == "boot-2");
    CHECK(!outcome.asset);  // it proves none
    CHECK(must(records::agent_by_id(*world.connection, "agent-1")).refuses("boot-2"));
    REQUIRE(outcome.incident);
    const Incident& ticket = *outcome.incident;
    CHECK(ticket.asset == original);
    CHECK(ticket.organisation == k_ours);
    CHECK(ticket.title == "Another machine reports as host11");
    CHECK(ticket.description.find("serial DELL INC.|SVC12 instead of DELL INC.|SVC11") !=
          std::string::npos);
    CHECK(ticket.source == "gantry");
    CHECK(must(world.desk->asset(*world.connection, Scope::all(), original)).facts == machine(1));
    // The copies of one image have one cause.
    world.hear("agent-1", "boot-3", 40);
    const auto again = must(world.execute(ReportFacts{"agent-1", machine(3), "boot-3"}, 40));
    CHECK(again.refused_boot_id == "boot-3");
    CHECK(!again.incident);
}

TEST_CASE("issue 015: the desk answers the refused boot as a clone, and the original as before") {
    collector::AgentBook book;
    SimClock clock;
    records::AgentCredential row;
    row.agent_id = "agent-1";
    row.credential_hash = "hash";
    row.epoch = 1;
    row.boot_id = "boot-2";
    auto& entry = book.put(row, clock);
    const auto verdict = [&](const std::string& boot) {
        Report report;
        report.agent_id = "agent-1";
        report.epoch = 1;
        report.boot_id = boot;
        report.first_seq = 1;
        report.last_seq = 1;
        return collector::AgentBook::judge(entry, report).kind;
    };
    using Kind = collector::StreamVerdict::Kind;
    CHECK(verdict("boot-2") == Kind::accept);
    book.refuse_boot("agent-1", "boot-2");
    book.refuse_boot("nobody", "boot-2");
    CHECK(verdict("boot-2") == Kind::clone);
    CHECK(verdict("boot-1") == Kind::accept);
}

TEST_CASE("issue 015: the engine tells whom the records refuse, from the report to the callback") {
    EngineWorld world;
    world.start_and_follow();
    records::Token token;
    token.kind = records::TokenKind::enrolment;
    token.organisation = k_ours;
    EnrolAgent wanted;
    wanted.agent_id = "agent-1";
    wanted.token_id = must(records::insert_token(*world.look, token, "hash")).id.value;
    wanted.facts = machine(1);
    wanted.boot_id = "boot-1";
    REQUIRE(world.submit(command_of(wanted)));
    const auto report = [&](const Facts& facts, std::int64_t seq, const std::string& boot) {
        Report out;
        out.agent_id = "agent-1";
        out.epoch = 1;
        out.boot_id = boot;
        out.first_seq = seq;
        out.last_seq = seq;
        ReportRecord record;
        record.seq = seq;
        record.kind = RecordKind::facts;
        record.facts = facts;
        out.records = {record};
        auto journaled = world.record(journal::Kind::agent_report, encode(out));
        journaled.source = "agent-1";
        REQUIRE(world.accept(journaled));
        world.until_folded();
    };
    report(machine(1), 1, "boot-1");
    CHECK(world.refused_boots.empty());
    report(machine(2), 2, "boot-2");
    CHECK(world.refused_boots ==
          std::vector<std::pair<std::string, std::string>>{{"agent-1", "boot-2"}});
    CHECK(world.metric("gantry_agent_boots_refused_total") == 1);
    CHECK(world.count("incidents") == 1);
    CHECK(world.metric("gantry_facts_refused_total") == 0);
    report(machine(2), 3, "boot-2");  // was on its way to the journal
    CHECK(world.metric("gantry_facts_refused_total") == 1);
    CHECK(world.number("SELECT full_state_due FROM agents") == 1);
    world.stop();
}

TEST_CASE("issue 015: a copy that runs beside its original becomes an asset of its own") {
    World world;
    const AssetId original = world.enrol("agent-1", machine(1), "boot-1", 10, 5);
    world.hear("agent-1", "boot-1", 1'000);
    // Booted at 900; the original was heard since.
    const AssetId copy = world.enrol("agent-2", machine(1), "boot-2", 1'010, 110);
    CHECK(copy != original);
    CHECK(world.rule(copy) == "copy of asset " + std::to_string(original.value));
    world.hear("agent-2", "boot-2", 1'020);
    // Both keep theirs when their agents are installed anew, also after a reboot.
    world.hear("agent-1", "boot-1", 2'000);
    CHECK(world.enrol("agent-3", machine(1), "boot-2", 2'010, 1'110) == copy);
    world.hear("agent-3", "boot-2", 2'020);
    world.hear("agent-1", "boot-1", 3'000);
    CHECK(world.enrol("agent-4", machine(1), "boot-2b", 3'010, 60) == copy);
    // The copy was heard after the original's reboot, so that the two can be told apart.
    world.hear("agent-4", "boot-2b", 3'080);
    CHECK(world.enrol("agent-5", machine(1), "boot-1b", 3'100, 50) == original);
    CHECK(world.sequences.next_asset == 3);
}

TEST_CASE("issue 015: a copy that enrolled and did not report yet has its asset already") {
    World world;
    const AssetId original = world.enrol("agent-1", machine(1), "boot-1", 10, 5);
    world.hear("agent-1", "boot-1", 100);
    const AssetId copy = world.enrol("agent-2", machine(1), "boot-2", 110, 100);
    CHECK(copy != original);
    CHECK(world.enrol("agent-3", machine(1), "boot-1", 111, 106) == original);
    CHECK(world.enrol("agent-4", machine(1), "boot-2", 112, 102) == copy);
    // Long after, when neither was heard: the boot alone tells.
    CHECK(world.enrol("agent-5", machine(1), "boot-2", 90'000, 0) == copy);
    CHECK(world.sequences.next_asset == 3);
}

TEST_CASE("issue 015: a machine that is installed anew finds its asset, however fast") {
    World world;
    const AssetId asset = world.enrol("agent-1", machine(1), "boot-1", 10, 5);
    world.hear("agent-1", "boot-1", 1'000);
    // Same boot, the agent anew.
    CHECK(world.enrol("agent-2", machine(1), "boot-1", 1'005, 0) == asset);
    world.hear("agent-2", "boot-1", 1'010);
    // The system anew: heard last at 1010, booted at 1012.
    CHECK(world.enrol("agent-3", machine(1), "boot-2", 1'030, 18) == asset);
    CHECK(world.rule(asset) == "serial and uuid");
}

TEST_CASE("issue 015: who does not say how long it runs is a twin of who was heard just now") {
    World world;
    const AssetId asset = world.enrol("agent-1", machine(1), "boot-1", 10, 0);
    world.hear("agent-1", "boot-1", 1'000);
    CHECK(world.enrol("agent-2", machine(1), "boot-2", 1'120, 0) == asset);
    world.hear("agent-2", "boot-2", 2'000);
    CHECK(world.enrol("agent-3", machine(1), "boot-3", 2'119, 0) != asset);
}

TEST_CASE("issue 015: a boot that was refused never gets the asset that refuses it") {
    World world;
    const AssetId asset = world.enrol("agent-1", machine(1), "boot-1", 10, 5);
    // Two boots took turns; the original fell silent long ago.
    for (const char* boot : {"boot-1", "boot-2", "boot-1", "boot-2", "boot-1"}) {
        world.hear("agent-1", boot, 20);
    }
    REQUIRE(must(records::agent_by_id(*world.connection, "agent-1")).refuses("boot-2"));
    const AssetId copy = world.enrol("agent-2", machine(1), "boot-2", 9'000, 0);
    CHECK(copy != asset);
    CHECK(world.rule(copy) == "copy of asset " + std::to_string(asset.value));
}

TEST_CASE("issue 015: an absurd uptime is no way back to before time began") {
    World world;
    const AssetId asset = world.enrol("agent-1", machine(1), "boot-1", 10, 0);
    world.hear("agent-1", "boot-1", 20);
    CHECK(world.enrol("agent-3", machine(1), "boot-3", 1'000'000, INT64_MIN) == asset);
    CHECK(world.enrol("agent-2", machine(1), "boot-2", 1'000'000, INT64_MAX) != asset);
}

TEST_CASE("issue 015: boot and uptime travel from the request to the journal") {
    EnrolRequest request{"token", "boot-1", machine(1)};
    request.uptime_s = 77;
    CHECK(must(decode_enrol_request(encode(request))).uptime_s == 77);
    CHECK(!decode_enrol_request(R"({"token":"t","boot_id":"b","facts":{},"uptime_s":-1})"));
    EnrolAgent wanted;
    wanted.boot_id = "boot-1";
    wanted.uptime_s = 77;
    const Command back = must(decode_command(encode(command_of(wanted))));
    CHECK(std::get<EnrolAgent>(back.body).boot_id == "boot-1");
    CHECK(std::get<EnrolAgent>(back.body).uptime_s == 77);
}
