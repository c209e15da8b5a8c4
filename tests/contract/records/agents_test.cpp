// Agents' credentials and progress, on every engine.
#include "core/base/random.hpp"
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

AgentCredential agent_of(const std::string& id, OrganisationId organisation = k_ours) {
    AgentCredential agent;
    agent.agent_id = id;
    agent.organisation = organisation;
    agent.site = SiteId{3};
    agent.role = "server";
    agent.asset = AssetId{7};
    agent.credential_hash = "hash of " + id;
    agent.epoch = 4;
    agent.acked_seq = 5'000'000'000;
    agent.boot_id = "boot";
    agent.last_seen_at = moment(6);
    agent.name = "web01";
    agent.token = TokenId{31};
    agent.nonce = "nonce of " + id;
    agent.approved = false;
    return agent;
}

void check_equal(const AgentCredential& a, const AgentCredential& b) {
    CHECK(a.agent_id == b.agent_id);
    CHECK(a.organisation == b.organisation);
    CHECK(a.site == b.site);
    CHECK(a.role == b.role);
    CHECK(a.asset == b.asset);
    CHECK(a.credential_hash == b.credential_hash);
    CHECK(a.revoked == b.revoked);
    CHECK(a.epoch == b.epoch);
    CHECK(a.acked_seq == b.acked_seq);
    CHECK(a.boot_id == b.boot_id);
    CHECK(a.last_seen_at == b.last_seen_at);
    CHECK(a.name == b.name);
    CHECK(a.token == b.token);
    CHECK(a.nonce == b.nonce);
    CHECK(a.approved == b.approved);
}

// Under the next id of the world's sequence, as the fold does.
Result<void> insert(Records& world, const AgentCredential& agent) {
    return insert_agent(*world.connection, {world.sequences.next_agent++, moment(1), agent});
}

}  // namespace

TEST_CASE("agents: one comes back with every field, and its id is taken once") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(insert(world, agent_of("a1", k_theirs)));
    check_equal(must(agent_by_id(connection, "a1")), agent_of("a1", k_theirs));
    CHECK(insert(world, agent_of("a1")).error().code == ErrorCode::conflict);
    CHECK(agent_by_id(connection, "A1").error().code == ErrorCode::not_found);
    must(insert(world, agent_of("a2")));
    const auto all = must(agents(connection, Scope::all()));
    REQUIRE(all.size() == 2);
    check_equal(all[0], agent_of("a1", k_theirs));
    check_equal(all[1], agent_of("a2"));
    CHECK(must(agents(connection, Scope::of(k_ours))).size() == 1);
}

TEST_CASE("agents: progress is saved for many at once and touches nothing else") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    for (const char* id : {"a1", "a2", "a3"}) {
        must(insert(world, agent_of(id)));
    }
    std::vector<AgentProgress> progress(3);
    progress[0].agent_id = "a1";
    progress[1].agent_id = "gone";
    progress[2].agent_id = "a3";
    for (auto& row : progress) {
        row.epoch = 9;
        row.acked_seq = 10;
        row.boot_id = "next boot";
        row.last_seen_at = moment(60);
    }
    must(save_agent_progress(connection, progress));
    AgentCredential expected = agent_of("a3");
    expected.epoch = 9;
    expected.acked_seq = 10;
    expected.boot_id = "next boot";
    expected.last_seen_at = moment(60);
    check_equal(must(agent_by_id(connection, "a3")), expected);
    check_equal(must(agent_by_id(connection, "a2")), agent_of("a2"));
    CHECK(must(agents(connection, Scope::all())).size() == 3);
    must(save_agent_progress(connection, {}));
}

TEST_CASE("agents: saved progress follows boots as the value in memory does") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    SeededRandom random(7);
    for (int round = 0; round < 60; ++round) {
        AgentCredential agent;
        agent.agent_id = "agent-" + std::to_string(round);
        agent.credential_hash = agent.agent_id;
        must(insert(world, agent));
        const auto check = [&] {
            const auto row = must(agent_by_id(connection, agent.agent_id));
            CHECK(row.boot_id == agent.boot_id);
            CHECK(row.epoch == agent.epoch);
            CHECK(row.acked_seq == agent.acked_seq);
            CHECK(row.previous_boot_id == agent.previous_boot_id);
            CHECK(row.previous_epoch == agent.previous_epoch);
            CHECK(row.previous_acked_seq == agent.previous_acked_seq);
            CHECK(row.refused_boots == agent.refused_boots);
            CHECK(row.boot_returns == agent.boot_returns);
            CHECK(row.full_state_due == agent.full_state_due);
            CHECK(row.last_seen_at == agent.last_seen_at);
        };
        std::vector<AgentProgress> progress;
        for (int i = 0; i < 20; ++i) {
            AgentProgress report{agent.agent_id,
                                 1 + static_cast<std::int64_t>(random.below(3)),
                                 static_cast<std::int64_t>(random.below(100)),
                                 "boot-" + std::to_string(random.below(2 + round % 3)),
                                 moment(i),
                                 random.below(3) == 0};
            follow_report(agent, report);
            add_progress(progress, std::move(report));
            if (random.below(12) == 0) {
                must(save_agent_progress(connection, progress));
                progress.clear();
                const std::string copy = agent.boot_id;
                refuse_boot(agent, copy);
                must(refuse_boot(connection, agent.agent_id, copy));
            }
            if (random.below(3) > 0) continue;  // several in one transaction, or one by one
            must(save_agent_progress(connection, progress));
            progress.clear();
            check();
        }
        must(save_agent_progress(connection, progress));
        check();
    }
}

TEST_CASE("agents: every copy stays refused, up to a bound, each agent's own") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    for (const char* id : {"a1", "a2"}) must(insert(world, agent_of(id)));
    const auto boot = [](std::size_t n) { return "copy-" + std::to_string(n); };
    for (std::size_t n = 0; n < k_max_refused_boots; ++n) {
        must(refuse_boot(connection, "a1", boot(n)));
        must(refuse_boot(connection, "a1", boot(0)));  // again: it is known
    }
    auto row = must(agent_by_id(connection, "a1"));
    CHECK(row.refused_boots.size() == k_max_refused_boots);
    CHECK(row.refuses(boot(0)));
    CHECK(row.refuses(boot(k_max_refused_boots - 1)));
    CHECK_FALSE(row.refuses("boot"));
    must(refuse_boot(connection, "a1", "one more"));
    refuse_boot(row, "one more");
    CHECK(must(agent_by_id(connection, "a1")).refused_boots == row.refused_boots);
    CHECK(row.refused_boots.size() == k_max_refused_boots);
    CHECK_FALSE(row.refuses(boot(0)));  // the oldest went
    CHECK(must(agents(connection, Scope::all()))[0].refused_boots == row.refused_boots);
    CHECK(must(agents(connection, Scope::all()))[1].refused_boots.empty());
    CHECK(must(agent_by_enrolment(connection, TokenId{31}, "nonce of a1")).refused_boots ==
          row.refused_boots);
    CHECK(refuse_boot(connection, "a9", "boot").error().code == ErrorCode::not_found);
}

TEST_CASE("agents: found by their enrolment, renewed and approved one by one") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    for (const char* id : {"a1", "a2"}) must(insert(world, agent_of(id)));
    AgentCredential without = agent_of("a3");
    without.nonce.clear();
    must(insert(world, without));
    CHECK(must(agent_by_enrolment(connection, TokenId{31}, "nonce of a2")).agent_id == "a2");
    CHECK(agent_by_enrolment(connection, TokenId{30}, "nonce of a2").error().code ==
          ErrorCode::not_found);
    CHECK(agent_by_enrolment(connection, TokenId{31}, "").error().code == ErrorCode::not_found);
    must(renew_credential(connection, "a2", "new hash"));
    CHECK(approve_agent(connection, Scope::of(k_theirs), "a2").error().code ==
          ErrorCode::not_found);
    must(approve_agent(connection, Scope::of(k_ours), "a2"));
    AgentCredential expected = agent_of("a2");
    expected.credential_hash = "new hash";
    expected.approved = true;
    check_equal(must(agent_by_id(connection, "a2")), expected);
    check_equal(must(agent_by_id(connection, "a1")), agent_of("a1"));
}

TEST_CASE("agents: revoking is written, and only in scope") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(insert(world, agent_of("a1", k_theirs)));
    const auto foreign = revoke_agent(connection, Scope::of(k_ours), "a1");
    REQUIRE(!foreign);
    CHECK(foreign.error() == fail(ErrorCode::not_found, "no agent a1"));
    CHECK(revoke_agent(connection, Scope::all(), "a9").error() ==
          fail(ErrorCode::not_found, "no agent a9"));
    CHECK(!must(agent_by_id(connection, "a1")).revoked);
    must(revoke_agent(connection, Scope::of(k_theirs), "a1"));
    CHECK(must(agent_by_id(connection, "a1")).revoked);
}

TEST_CASE("agents: listed in the order of the ids that they were given, each once") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(insert_agent(connection, {30, moment(1), agent_of("a1")}));
    must(insert_agent(connection, {7, moment(2), agent_of("a2")}));
    const auto page = must(agent_rows(connection, Scope::all(), AssetId{}, {0, 10}));
    REQUIRE(page.items.size() == 2);
    CHECK(page.items[0].id == 7);
    CHECK(page.items[0].agent.agent_id == "a2");
    CHECK(page.items[0].created_at == moment(2));
    CHECK(page.items[1].id == 30);
    CHECK(insert_agent(connection, {7, moment(3), agent_of("a3")}).error().code ==
          ErrorCode::conflict);
}
