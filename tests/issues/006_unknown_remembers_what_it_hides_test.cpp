// A restart while a breach could not be judged forgot the breach: with `for_s`, the next look,
// which breached as before, reported unknown -> ok and closed the incident.
#include <catch2/catch.hpp>

#include "agent/checks/evaluator.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

CheckPolicy held_check() {
    CheckPolicy check;
    check.id = "memory";
    check.probe = "memory";
    check.threshold.critical = 0.9;
    check.hold_for = Millis{120'000};
    return check;
}

Look reading(double value) {
    Look out;
    out.instances[""].value = value;
    return out;
}

Look failure() {
    Look out;
    out.failure = "meminfo: Input/output error";
    return out;
}

// An agent that looks and spools; restart() is all that a new process knows.
struct Agent : test::SpoolFixture {
    std::unique_ptr<Evaluator> evaluator;

    Agent() { restart(); }
    void restart() {
        REQUIRE(open().has_value());
        evaluator = std::make_unique<Evaluator>(spool->conditions());
    }
    // "from -> to", or "" when nothing changed.
    std::string look(const Look& seen) {
        clock.advance(Millis{60'000});
        const Millis now{clock.steady_now().time_since_epoch() / Millis{1}};
        const auto changes = evaluator->take(held_check(), seen, now);
        REQUIRE(spool->append_states(changes).has_value());
        if (changes.empty()) return "";
        return std::string(to_string(changes[0].previous)) + " -> " +
               to_string(changes[0].condition);
    }
    void breach_and_go_blind() {
        CHECK(look(reading(0.99)).empty());
        CHECK(look(reading(0.99)).empty());
        CHECK(look(reading(0.99)) == "ok -> critical");
        for (int i = 0; i < 2; ++i) CHECK(look(failure()).empty());
        CHECK(look(failure()) == "critical -> unknown");
    }
};

}  // namespace

TEST_CASE("issue 006: a breach that could not be judged across a restart is still one") {
    Agent agent;
    agent.breach_and_go_blind();
    agent.restart();
    CHECK(agent.look(failure()).empty());
    CHECK(agent.look(reading(0.99)) == "unknown -> critical");
    agent.restart();
    CHECK(agent.look(reading(0.99)).empty());
    CHECK(agent.look(reading(0.1)) == "critical -> ok");
}

TEST_CASE("issue 006: what ended meanwhile is told to have ended") {
    Agent agent;
    agent.breach_and_go_blind();
    agent.restart();
    CHECK(agent.look(reading(0.1)) == "unknown -> ok");
    agent.restart();
    CHECK(agent.spool->conditions().empty());
}

TEST_CASE("issue 006: a spool of before has no word about what unknown hides, and opens") {
    Agent agent;
    agent.breach_and_go_blind();
    agent.spool.reset();
    {
        auto database = storage::open_database(agent.directory.path() + "/spool.db");
        auto connection = (*database)->connect(storage::Durability::full);
        REQUIRE((*connection)->execute("ALTER TABLE condition DROP COLUMN judged").has_value());
    }
    agent.restart();
    CHECK(agent.spool->status().epoch == 1);
    CHECK(agent.spool->conditions() ==
          Conditions{{{"memory", ""}, {Condition::unknown, Condition::ok}}});
}
