// Enrolment and facts: which asset an agent becomes, and whose token lets it in.
#include "core/records/access.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

struct Enrolment : Store {
    Enrolment() {
        ours = token(k_ours, 0);
        theirs = token(k_theirs, 0);
        sequences.next_asset = 11;
    }
    std::int64_t token(OrganisationId organisation, std::int64_t max_uses,
                       records::TokenKind kind = records::TokenKind::enrolment) {
        records::Token row;
        row.kind = kind;
        row.organisation = organisation;
        row.max_uses = max_uses;
        row.expires_at = moment(1000);
        const std::string hash = "hash" + std::to_string(++hashes);
        return must(records::insert_token(*connection, row, hash)).id.value;
    }
    Result<CommandOutcome> execute(CommandBody body, OrganisationId organisation = k_ours,
                                   std::int64_t at = 500) {
        return tickets->execute(*connection, command_of(std::move(body), organisation),
                                {JournalSeq{900}, moment(at)}, sequences);
    }
    Result<CommandOutcome> enrol(const std::string& agent, const Facts& facts,
                                 OrganisationId organisation = k_ours,
                                 const std::string& role = "server") {
        EnrolAgent wanted;
        wanted.agent_id = agent;
        wanted.credential_hash = "secret of " + agent;
        wanted.token_id = organisation == k_ours ? ours : theirs;
        wanted.site = SiteId{1};
        wanted.role = role;
        wanted.facts = facts;
        return execute(wanted, organisation);
    }
    Result<CommandOutcome> report(const std::string& agent, const Facts& facts,
                                  OrganisationId organisation = k_ours,
                                  const std::string& boot = "boot-1") {
        return execute(ReportFacts{agent, facts, boot}, organisation, 600);
    }
    Asset asset(AssetId id) { return must(find_asset(*connection, Scope::all(), id)); }

    std::unique_ptr<TicketStore> tickets = make_ticket_store({});
    int hashes = 0;
    std::int64_t ours = 0;
    std::int64_t theirs = 0;
};

}  // namespace

TEST_CASE("enrolment: an unknown machine becomes a new asset, bound to its agent") {
    Enrolment world;
    const auto outcome = must(world.enrol("agent-1", machine(1)));
    CHECK(outcome.asset == AssetId{11});
    CHECK(outcome.asset_created);
    CHECK(outcome.agent_id == "agent-1");
    CHECK(outcome.agent_name == "host11");
    REQUIRE(outcome.asset_now);
    CHECK(outcome.asset_now->organisation == k_ours);
    const Asset asset = world.asset(AssetId{11});
    CHECK(asset.name == "host11");
    CHECK(asset.site == SiteId{1});
    CHECK(asset.asset_class == AssetClass::server);
    CHECK(asset.facts == machine(1));
    CHECK(asset.identified_by == "new");
    CHECK(asset.created_at == moment(500));
    CHECK(asset.last_seen_at == moment(500));
    CHECK(asset.version == 1);
    const auto agent = must(records::agent_by_id(*world.connection, "agent-1"));
    CHECK(agent.asset == AssetId{11});
    CHECK(agent.organisation == k_ours);
    CHECK(agent.credential_hash == "secret of agent-1");
    CHECK(agent.role == "server");
    CHECK(!agent.revoked);
    CHECK(world.sequences.next_asset == 12);
    CHECK(world.sequences.next_agent == 2);
    CHECK(world.texts("SELECT uses FROM tokens ORDER BY id", 1) == Texts{"1", "0"});
}

TEST_CASE("enrolment: a machine that is known keeps its asset, whatever its agent") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    Facts reinstalled = machine(1);
    reinstalled.hostname = "renamed";
    reinstalled.machine_id = machine(8).machine_id;
    const auto outcome = must(world.enrol("agent-2", reinstalled));
    CHECK(outcome.asset == AssetId{11});
    CHECK(!outcome.asset_created);
    const Asset asset = world.asset(AssetId{11});
    CHECK(asset.name == "renamed");
    CHECK(asset.version == 2);
    CHECK(asset.identified_by == "serial and uuid");
    CHECK(asset.created_at == moment(500));
    CHECK(world.sequences.next_asset == 12);
}

TEST_CASE("enrolment: equal names, another organisation or a placeholder never share an asset") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    Facts namesake;
    namesake.hostname = "host11";
    namesake.serial = "To Be Filled By O.E.M.";
    CHECK(must(world.enrol("agent-2", namesake)).asset == AssetId{12});
    CHECK(must(world.enrol("agent-3", namesake)).asset == AssetId{13});
    CHECK(must(world.enrol("agent-4", machine(1), k_theirs)).asset == AssetId{14});
    CHECK(world.asset(AssetId{14}).organisation == k_theirs);
    CHECK(must(world.enrol("agent-5", machine(1), k_theirs)).asset == AssetId{14});
    CHECK(must(world.enrol("agent-6", machine(1))).asset == AssetId{11});
}

TEST_CASE("enrolment: the class follows what the machine is, then its role") {
    struct Case {
        const char* virtualisation;
        const char* role;
        AssetClass expected;
    };
    Enrolment world;
    int number = 0;
    for (const Case& c :
         {Case{"", "server", AssetClass::server},
          Case{"none", "workstation", AssetClass::workstation},
          Case{"kvm", "workstation", AssetClass::virtual_machine},
          Case{"docker", "server", AssetClass::container}, Case{"", "", AssetClass::server}}) {
        Facts facts = machine(++number);
        facts.virtualisation = c.virtualisation;
        const auto outcome =
            must(world.enrol("agent-" + std::to_string(number), facts, k_ours, c.role));
        CHECK(world.asset(*outcome.asset).asset_class == c.expected);
    }
}

TEST_CASE("enrolment: an asset without a name takes what there is") {
    Enrolment world;
    Facts facts;
    CHECK(must(world.enrol("agent-1", facts)).agent_name == "unnamed endpoint");
    facts.serial = "SVC1";
    CHECK(must(world.enrol("agent-2", facts)).agent_name == "SVC1");
    facts.fqdn = "web01.example.com";
    CHECK(must(world.enrol("agent-3", facts)).agent_name == "web01.example.com");
    facts.hostname = "web01";
    CHECK(must(world.enrol("agent-4", facts)).agent_name == "web01");
}

TEST_CASE("enrolment: a token that does not open says so") {
    Enrolment world;
    const auto code_with = [&](std::int64_t token, std::int64_t at = 500) {
        EnrolAgent wanted;
        wanted.agent_id = "agent-1";
        wanted.token_id = token;
        wanted.facts = machine(1);
        const auto outcome = world.execute(wanted, k_ours, at);
        return outcome ? ErrorCode::internal : outcome.error().code;
    };
    CHECK(code_with(99) == ErrorCode::not_found);
    CHECK(code_with(world.theirs) == ErrorCode::forbidden);
    CHECK(code_with(world.token(k_ours, 0, records::TokenKind::api)) == ErrorCode::forbidden);
    CHECK(code_with(world.ours, 1000) == ErrorCode::forbidden);  // expired
    const std::int64_t once = world.token(k_ours, 1);
    CHECK(code_with(once) == ErrorCode::internal);  // enrolled
    CHECK(code_with(once) == ErrorCode::forbidden);
    must(records::revoke_token(*world.connection, Scope::all(), TokenId{world.ours}, moment(1)));
    CHECK(code_with(world.ours) == ErrorCode::forbidden);
}

TEST_CASE("enrolment: an agent's id is taken once") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    CHECK(world.enrol("agent-1", machine(2)).error().code == ErrorCode::conflict);
}

TEST_CASE("enrolment: an agent's row has the id of the sequence, whatever rows there are") {
    Enrolment world;
    world.sequences.next_agent = 41;
    must(world.enrol("agent-1", machine(1)));
    CHECK(!world.enrol("agent-1", machine(1)));  // takes none
    must(world.enrol("agent-2", machine(2)));
    CHECK(world.texts("SELECT agent_id, id FROM agents ORDER BY id", 2) ==
          Texts{"agent-1|41", "agent-2|42"});
}

TEST_CASE("enrolment: repeated with its nonce it renews the credential and uses nothing up") {
    Enrolment world;
    EnrolAgent wanted;
    wanted.agent_id = "agent-1";
    wanted.credential_hash = "first";
    wanted.token_id = world.token(k_ours, 1);
    wanted.nonce = "nonce-1";
    wanted.facts = machine(1);
    const auto first = must(world.execute(wanted));
    wanted.agent_id = "agent-2";  // the desk cannot know that this is a repetition
    wanted.credential_hash = "second";
    const auto again = must(world.execute(wanted));
    CHECK(again.agent_id == "agent-1");
    CHECK(again.asset == first.asset);
    CHECK_FALSE(again.asset_created);
    CHECK(again.agent_name == first.agent_name);
    const auto all = must(records::agents(*world.connection, Scope::all()));
    REQUIRE(all.size() == 1);
    CHECK(all[0].credential_hash == "second");
    CHECK(all[0].nonce == "nonce-1");
    // Another nonce, or none, is another enrolment, for which the token has no use left.
    for (const char* nonce : {"nonce-2", ""}) {
        wanted.nonce = nonce;
        CHECK(world.execute(wanted).error().code == ErrorCode::forbidden);
    }
    // The nonce counts with its token only, and not for an agent that was shut out.
    wanted.nonce = "nonce-1";
    wanted.token_id = world.ours;
    CHECK(must(world.execute(wanted)).agent_id == "agent-2");
    must(records::revoke_agent(*world.connection, Scope::all(), "agent-2"));
    CHECK(world.execute(wanted).error().code == ErrorCode::forbidden);
}

TEST_CASE("enrolment: an agent of a token that needs approval waits for it") {
    Enrolment world;
    records::Token row;
    row.kind = records::TokenKind::enrolment;
    row.organisation = k_ours;
    row.needs_approval = true;
    EnrolAgent wanted;
    wanted.agent_id = "agent-1";
    wanted.token_id = must(records::insert_token(*world.connection, row, "approve")).id.value;
    wanted.facts = machine(1);
    wanted.nonce = "nonce-1";
    CHECK_FALSE(must(world.execute(wanted)).approved);
    CHECK_FALSE(must(records::agent_by_id(*world.connection, "agent-1")).approved);
    // Repeated, the row tells; nobody else knows what became of it meanwhile.
    CHECK_FALSE(must(world.execute(wanted)).approved);
    must(records::approve_agent(*world.connection, Scope::all(), "agent-1"));
    CHECK(must(world.execute(wanted)).approved);
    CHECK(must(world.enrol("agent-2", machine(2))).approved);
    CHECK(must(records::agent_by_id(*world.connection, "agent-2")).approved);
}

TEST_CASE("facts: an agent's asset learns what changed") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    Facts changed = machine(1);
    changed.hostname = "renamed";
    changed.root_disk_serial = "NEW-DISK";
    const auto outcome = must(world.report("agent-1", changed));
    CHECK(outcome.asset == AssetId{11});
    CHECK(!outcome.asset_created);
    CHECK(outcome.agent_name == "renamed");
    REQUIRE(outcome.asset_now);
    const Asset asset = world.asset(AssetId{11});
    CHECK(asset.facts == changed);
    CHECK(asset.version == 2);
    CHECK(asset.identified_by == "agent key");
    CHECK(asset.last_seen_at == moment(600));
    CHECK(world.texts("SELECT value FROM asset_identities WHERE kind = 'root_disk'", 1) ==
          Texts{"NEW-DISK"});
}

TEST_CASE("facts: of another machine refuse its boot, from which nothing is taken any more") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    const auto clone = must(world.report("agent-1", machine(2), k_ours, "copy"));
    CHECK(clone.refused_boot_id == "copy");
    CHECK(world.asset(AssetId{11}).facts == machine(1));
    // Also what it journaled before that was known, and although these would be the asset's.
    const Texts before = world.tables();
    const auto late = world.report("agent-1", machine(1), k_ours, "copy");
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::conflict);
    CHECK(late.error().message.find("agent-1") != std::string::npos);
    CHECK(world.tables() == before);
    CHECK(must(world.report("agent-1", machine(1))).asset == AssetId{11});
}

TEST_CASE("facts: of an unknown or another organisation's agent are not found") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1), k_theirs));
    const Texts before = world.tables();
    CHECK(world.report("agent-9", machine(1)).error().code == ErrorCode::not_found);
    CHECK(world.report("agent-1", machine(1)).error().code == ErrorCode::not_found);
    CHECK(world.tables() == before);
    CHECK(world.report("agent-1", machine(1), k_theirs));
}

TEST_CASE("enrolment: any statement that fails is an error, and a roll back leaves nothing") {
    Enrolment world;
    must(world.enrol("agent-1", machine(1)));
    EnrolAgent again;
    again.agent_id = "agent-2";
    again.token_id = world.ours;
    again.facts = machine(1);
    const Texts before = world.tables();
    for (const CommandBody& body :
         {CommandBody(again), CommandBody(ReportFacts{"agent-1", machine(1)})}) {
        int failures = 0;
        for (std::uint64_t nth = 1; nth < 200; ++nth) {
            CAPTURE(body.index(), nth);
            Sequences sequences = world.sequences;
            auto transaction = must(storage::Transaction::begin(*world.connection));
            const auto failing = faulty(*world.connection, fails_at(nth));
            const auto done = world.tickets->execute(*failing, command_of(body),
                                                     {JournalSeq{900}, moment(500)}, sequences);
            if (done) break;
            ++failures;
            CHECK(done.error().code == ErrorCode::unavailable);
        }
        CHECK(failures > 10);
        CHECK(world.tables() == before);
    }
}
