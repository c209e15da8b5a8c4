#include "collector/ingest/agent_book.hpp"

#include <catch2/catch.hpp>

#include "tests/support/sim_clock.hpp"

using namespace gantry;
using collector::AgentBook;
using collector::AgentEntry;
using Kind = collector::StreamVerdict::Kind;

namespace {

const Instant k_now = from_ms(1'764'000'000'000);

AgentEntry entry(std::int64_t epoch, std::int64_t acked) {
    AgentEntry e;
    e.agent.agent_id = "a";
    e.agent.epoch = epoch;
    e.agent.acked_seq = acked;
    e.agent.boot_id = "boot-1";
    e.agent.last_seen_at = k_now;
    return e;
}

Report report(std::int64_t epoch, std::int64_t first, std::int64_t last,
              const std::string& boot = "boot-1", Instant at = k_now) {
    Report r;
    r.agent_id = "a";
    r.epoch = epoch;
    r.boot_id = boot;
    r.first_seq = first;
    r.last_seq = last;
    for (std::int64_t seq = first; seq <= last; ++seq) {
        ReportRecord record;
        record.seq = seq;
        record.at = at;
        r.records.push_back(record);
    }
    return r;
}

// As the desk does: judged, and when it is accepted, followed.
collector::StreamVerdict take(AgentEntry& e, const Report& r) {
    const auto verdict = AgentBook::judge(e, r);
    if (verdict.kind == Kind::accept) AgentBook::advance(e, r, verdict, k_now);
    return verdict;
}

}  // namespace

TEST_CASE("agent book: the next report in sequence is taken whole") {
    const auto verdict = AgentBook::judge(entry(1, 10), report(1, 11, 14));
    CHECK(verdict.kind == Kind::accept);
    CHECK(verdict.skip_up_to == 10);
    CHECK_FALSE(verdict.want_full_state);
}

TEST_CASE("agent book: a resend after a lost acknowledgement is a replay, its new part is not") {
    CHECK(AgentBook::judge(entry(1, 10), report(1, 5, 10)).kind == Kind::replay);
    const auto overlap = AgentBook::judge(entry(1, 10), report(1, 5, 12));
    CHECK(overlap.kind == Kind::accept);
    CHECK(overlap.skip_up_to == 10);
}

TEST_CASE("agent book: a gap and a new epoch ask for the full state") {
    CHECK(AgentBook::judge(entry(1, 10), report(1, 13, 14)).want_full_state);
    const auto anew = AgentBook::judge(entry(1, 10), report(2, 1, 3));
    CHECK(anew.kind == Kind::accept);
    CHECK(anew.skip_up_to == 0);
    CHECK(anew.want_full_state);
}

TEST_CASE("agent book: who comes with an older epoch is told ours, and nothing of it is taken") {
    for (const char* boot : {"boot-1", "boot-2"}) {
        const auto verdict = AgentBook::judge(entry(2, 10), report(1, 11, 12, boot));
        CHECK(verdict.kind == Kind::replay);
        CHECK(verdict.acked_seq == 10);
        CHECK(verdict.later_epoch == 2);
    }
    CHECK(AgentBook::judge(entry(2, 10), report(2, 11, 12)).later_epoch == 0);
    CHECK(AgentBook::judge(entry(2, 10), report(3, 11, 12)).later_epoch == 0);
}

TEST_CASE("agent book: numbers that we have, from another boot, are doubtful by any clock") {
    for (const auto at : {k_now - std::chrono::hours{1}, k_now + std::chrono::hours{1}}) {
        // All of it is behind us: acked_seq tells the agent, which then begins an epoch.
        const auto behind = AgentBook::judge(entry(1, 100), report(1, 51, 53, "boot-2", at));
        CHECK(behind.kind == Kind::replay);
        CHECK(behind.want_full_state);
        const auto whole = AgentBook::judge(entry(1, 10), report(1, 8, 10, "boot-2", at));
        CHECK(whole.kind == Kind::replay);
        CHECK(whole.want_full_state);
        const auto part = AgentBook::judge(entry(1, 10), report(1, 8, 11, "boot-2", at));
        CHECK(part.kind == Kind::accept);
        CHECK(part.skip_up_to == 10);
        CHECK(part.want_full_state);
    }
    CHECK_FALSE(AgentBook::judge(entry(1, 10), report(1, 11, 12, "boot-2")).want_full_state);
    CHECK_FALSE(AgentBook::judge(entry(1, 10), report(1, 8, 11)).want_full_state);
}

TEST_CASE("agent book: when two boots take turns the newcomer is refused from then on") {
    AgentEntry e = entry(1, 10);
    std::int64_t seq = 10;
    const auto step = [&](const std::string& boot) {
        ++seq;
        return take(e, report(1, seq, seq, boot)).kind;
    };
    CHECK(step("boot-1") == Kind::accept);
    CHECK(step("boot-2") == Kind::accept);  // a reboot, as far as one can tell
    CHECK(step("boot-1") == Kind::accept);  // perhaps a request that was under way
    CHECK(step("boot-2") == Kind::accept);
    CHECK(step("boot-1") == Kind::accept);  // both are alive: two machines
    CHECK(step("boot-2") == Kind::clone);
    CHECK(step("boot-1") == Kind::accept);
    CHECK(step("boot-3") == Kind::accept);  // the first machine reboots; its copy stays out
    CHECK(step("boot-2") == Kind::clone);
}

TEST_CASE("agent book: a copy that begins an epoch does not shut out its original") {
    AgentEntry e = entry(1, 5'000);
    const auto step = [&](const Report& r) { return take(e, r); };
    CHECK(step(report(1, 900, 1'001, "copy")).kind == Kind::replay);
    CHECK(step(report(2, 1, 40, "copy")).kind == Kind::accept);
    const auto back = step(report(1, 4'990, 5'002));
    CHECK(back.kind == Kind::accept);
    CHECK(back.skip_up_to == 5'000);  // where its own stream stood
    CHECK(e.agent.full_state_due);    // the copy spoke for it
    CHECK(e.agent.acked_seq == 5'002);
    const auto known = step(report(1, 5'001, 5'002));
    CHECK(known.kind == Kind::replay);
    CHECK(known.acked_seq == 5'002);
    const auto copy = step(report(2, 39, 41, "copy"));
    CHECK(copy.kind == Kind::accept);
    CHECK(copy.skip_up_to == 40);
    const auto resent = step(report(1, 5'001, 5'002));
    CHECK(resent.kind == Kind::replay);
    CHECK(resent.acked_seq == 5'002);
    CHECK(step(report(1, 4'000, 4'001, "another")).kind == Kind::replay);
    CHECK(step(report(1, 5'003, 5'003)).kind == Kind::accept);  // both are alive: two machines
    CHECK(step(report(2, 42, 42, "copy")).kind == Kind::clone);
    CHECK(step(report(3, 1, 1, "copy")).kind == Kind::clone);
    CHECK(step(report(1, 5'004, 5'004, "boot-1b")).kind == Kind::accept);  // and it may reboot
    CHECK(e.agent.refused_boots == std::vector<std::string>{"copy"});
}

TEST_CASE("agent book: a boot that is refused moves its agent back to where it stood") {
    AgentBook book;
    test::SimClock clock;
    AgentEntry& e = book.put(entry(1, 5'000).agent, clock);
    const auto step = [&](const Report& r) { return take(e, r).kind; };
    CHECK(step(report(2, 1, 40, "copy")) == Kind::accept);
    book.refuse_boot("a", "copy");  // by its facts
    CHECK(e.agent.full_state_due);
    CHECK(step(report(2, 41, 41, "copy")) == Kind::clone);
    CHECK(step(report(1, 5'001, 5'001, "boot-2")) == Kind::accept);  // it rebooted meanwhile
    CHECK(e.agent.full_state_due);
    Report full = report(1, 5'002, 5'002, "boot-2");
    full.records[0].kind = RecordKind::full_state;
    CHECK(step(full) == Kind::accept);
    CHECK_FALSE(e.agent.full_state_due);
    // A report that was on its way to the journal when its boot was refused moves nothing, but its
    // states are folded.
    AgentBook::advance(e, report(2, 41, 41, "copy"), {}, k_now);
    CHECK(e.agent.epoch == 1);
    CHECK(e.agent.boot_id == "boot-2");
    CHECK(e.agent.full_state_due);
    full.first_seq = full.last_seq = full.records[0].seq = 5'003;
    CHECK(step(full) == Kind::accept);
    // Nor does refusing it when another has the word.
    book.refuse_boot("a", "copy-2");
    CHECK(e.agent.acked_seq == 5'003);
    CHECK_FALSE(e.agent.full_state_due);
}

TEST_CASE("agent book: copies of one image do not let each other in again") {
    AgentBook book;
    test::SimClock clock;
    AgentEntry& e = book.put(entry(1, 10).agent, clock);
    std::int64_t seq = 10;
    const auto step = [&](const std::string& boot) {
        ++seq;
        return take(e, report(1, seq, seq, boot)).kind;
    };
    for (const char* copy : {"copy-1", "copy-2", "copy-3"}) {
        CHECK(step(copy) == Kind::accept);
        book.refuse_boot("a", copy);
    }
    for (const char* copy : {"copy-1", "copy-2", "copy-3"}) CHECK(step(copy) == Kind::clone);
    seq = e.agent.acked_seq;
    CHECK(step("boot-1") == Kind::accept);
}

TEST_CASE("agent book: numbers of an epoch that two boots shared are taken once") {
    AgentEntry e = entry(1, 10);
    take(e, report(1, 11, 20, "boot-2"));
    take(e, report(2, 1, 5, "boot-2"));  // its spool was lost
    // One request of the boot before was under way; boot-2 had sent the same again.
    CHECK(AgentBook::judge(e, report(1, 9, 14, "boot-1")).kind == Kind::replay);
}

TEST_CASE("agent book: one late request of the boot before refuses nobody") {
    AgentEntry e = entry(1, 10);
    std::int64_t seq = 10;
    for (const char* boot :
         {"boot-2", "boot-1", "boot-2", "boot-2", "boot-3", "boot-2", "boot-3"}) {
        ++seq;
        REQUIRE(take(e, report(1, seq, seq, boot)).kind == Kind::accept);
    }
    CHECK(e.agent.refused_boots.empty());
}

TEST_CASE("agent book: the position never goes back inside an epoch") {
    AgentEntry e = entry(1, 10);
    for (std::int64_t first = 1; first < 30; ++first) {
        for (const char* boot : {"boot-1", "boot-2"}) {
            const auto before = e.agent.acked_seq;
            const bool accepted = take(e, report(1, first, first + 3, boot)).kind == Kind::accept;
            CHECK(e.agent.acked_seq >= before + (accepted ? 1 : 0));
        }
    }
}

TEST_CASE("agent book: reboots in a row are no clone") {
    AgentEntry e = entry(1, 10);
    for (int boot = 2; boot < 20; ++boot) {
        const Report r = report(1, 9 + boot, 9 + boot, "boot-" + std::to_string(boot));
        REQUIRE(take(e, r).kind == Kind::accept);
    }
}

TEST_CASE("agent book: found by id and by credential, the present one only") {
    AgentBook book;
    test::SimClock clock;
    records::AgentCredential agent;
    agent.agent_id = "a";
    agent.credential_hash = "h";
    book.put(agent, clock);
    CHECK(book.find("a") == book.find_by_credential("h"));
    CHECK(book.find("b") == nullptr);
    CHECK(book.find_by_credential("x") == nullptr);
    agent.credential_hash = "h2";
    book.put(agent, clock);
    CHECK(book.size() == 1);
    CHECK(book.find_by_credential("h") == nullptr);
    CHECK(book.find_by_credential("h2") == book.find("a"));
}

TEST_CASE("agent book: agents of one asset are one endpoint, named after the one last heard") {
    AgentBook book;
    test::SimClock clock;
    records::AgentCredential agent;
    agent.asset = AssetId{7};
    for (const char* id : {"old", "new"}) {
        agent.agent_id = agent.credential_hash = id;
        book.put(agent, clock);
    }
    agent.asset = AssetId{8};
    agent.agent_id = agent.credential_hash = "other";
    book.put(agent, clock);
    REQUIRE(book.endpoints().size() == 2);
    auto& old = *book.find("old");
    auto& fresh = *book.find("new");
    REQUIRE(old.endpoint == fresh.endpoint);
    CHECK(old.endpoint->voice() == &fresh);
    clock.advance(Millis{1});
    AgentBook::heard(old, clock);
    CHECK(old.endpoint->voice() == &old);
    book.revoke("old");
    CHECK(old.endpoint->voice() == &fresh);
    book.revoke("new");
    CHECK(old.endpoint->voice() == nullptr);
    book.revoke("nobody");
}

TEST_CASE("agent book: counts endpoints that reported, of the scope, with an agent left") {
    AgentBook book;
    test::SimClock clock;
    for (int i = 0; i < 6; ++i) {
        records::AgentCredential agent;
        agent.agent_id = agent.credential_hash = std::to_string(i);
        agent.organisation = OrganisationId{1 + i % 2};
        agent.asset = AssetId{100 + i};
        if (i != 4) agent.last_seen_at = k_now;
        book.put(agent, clock);
    }
    book.find("0")->endpoint->offline = true;
    CHECK(book.presence(Scope::all()).online == 4);
    CHECK(book.presence(Scope::all()).offline == 1);
    CHECK(book.presence(Scope::of(OrganisationId{1})).online == 1);
    book.revoke("0");
    CHECK(book.presence(Scope::all()).offline == 0);
}
