#include "collector/ingest/presence.hpp"

#include <catch2/catch.hpp>

#include "tests/support/coroutine.hpp"
#include "tests/support/fake_gates.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;
using namespace std::chrono_literals;
using journal::Kind;

namespace {

struct Fleet {
    boost::asio::io_context context;
    test::SimClock clock;
    test::FakeEventGate events;
    telemetry::Registry metrics;
    collector::AgentBook book;
    collector::Presence presence{
        book, events, clock, {Millis{60'000}, 20}, metrics, telemetry::Log::silent()};

    explicit Fleet(int agents) {
        for (int i = 0; i < agents; ++i) {
            records::AgentCredential agent;
            agent.agent_id = "agent-" + std::to_string(i);
            agent.credential_hash = "hash-" + std::to_string(i);
            book.put(agent, clock.now());
        }
    }
    collector::AgentEntry& agent(int i) { return *book.find("agent-" + std::to_string(i)); }
    std::vector<std::string> check() {
        events.accepted.clear();
        test::run(context, presence.check());
        std::vector<std::string> seen;
        for (const auto& record : events.accepted) {
            seen.push_back((record.kind == Kind::endpoint_silent ? "-" : "+") + record.source);
        }
        return seen;
    }
};

using Seen = std::vector<std::string>;

}  // namespace

TEST_CASE("presence: an agent is silent after the grace, once, and returns once") {
    Fleet fleet(2);
    fleet.clock.advance(60s);
    CHECK(fleet.check().empty());
    fleet.agent(1).last_report_at = fleet.clock.now();
    fleet.clock.advance(1ms);
    CHECK(fleet.check() == Seen{"-agent-0"});
    CHECK(fleet.check().empty());
    fleet.agent(0).last_report_at = fleet.clock.now();
    fleet.presence.returned(fleet.agent(0));
    fleet.presence.returned(fleet.agent(0));
    CHECK(fleet.check() == Seen{"+agent-0"});
    CHECK_FALSE(fleet.agent(0).offline);
    CHECK(fleet.check().empty());
}

TEST_CASE("presence: a revoked agent is not missed") {
    Fleet fleet(1);
    fleet.agent(0).agent.revoked = true;
    fleet.clock.advance(1h);
    CHECK(fleet.check().empty());
}

TEST_CASE("presence: when a whole fleet falls silent at once, the fault is ours") {
    Fleet fleet(25);
    fleet.clock.advance(2min);
    CHECK(fleet.check().empty());
    fleet.agent(7).last_report_at = fleet.clock.now();  // somebody is heard: the others are gone
    CHECK(fleet.check().size() == 24);
}

TEST_CASE("presence: a small fleet is believed when all of it is silent") {
    Fleet fleet(3);
    fleet.clock.advance(2min);
    CHECK(fleet.check().size() == 3);
}

TEST_CASE("presence: what the journal refuses is tried again") {
    Fleet fleet(1);
    fleet.clock.advance(2min);
    fleet.events.error = fail(ErrorCode::limit, "full");
    CHECK(fleet.check().empty());
    CHECK_FALSE(fleet.agent(0).offline);
    fleet.events.error.reset();
    CHECK(fleet.check() == Seen{"-agent-0"});
    fleet.events.error = fail(ErrorCode::limit, "full");
    fleet.presence.returned(fleet.agent(0));
    CHECK(fleet.check().empty());
    fleet.events.error.reset();
    fleet.agent(0).last_report_at = fleet.clock.now();
    CHECK(fleet.check() == Seen{"+agent-0"});
}
