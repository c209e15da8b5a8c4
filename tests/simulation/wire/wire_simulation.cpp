// Agent and server over a bad network, both killed at any moment: every transition that the spool
// took arrives once, and in the end the server knows what the agent knows. GANTRY_SIM_SEEDS sets
// how many seeds (default 150); GANTRY_SIM_SEED repeats one.
#include <array>
#include <deque>
#include <iostream>

#include "tests/simulation/bridge/checkers.hpp"
#include "tests/simulation/wire/agent_side.hpp"
#include "tests/simulation/wire/server_side.hpp"
#include "tests/simulation/wire/wire_checker.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;
using namespace gantry::simulation;

namespace {

// Swarm: each seed has some of the faults, at weights of its own.
struct Plan {
    explicit Plan(SeededRandom& random) {
        for (int* weight : {&lost_request, &lost_reply, &twice, &late, &server_crash, &store_fails,
                            &death, &kill, &reboot}) {
            *weight = random.below(3) == 0 ? 0 : static_cast<int>(random.below(12));
        }
        lose_spool = random.below(6) == 0 ? 1 : 0;
        roll_back = random.below(6) == 0 ? 2 : 0;
    }
    // Percent of the exchanges, then of the steps.
    int lost_request = 0, lost_reply = 0, twice = 0, late = 0;
    int server_crash = 0, store_fails = 0, death = 0, kill = 0, reboot = 0;
    int lose_spool = 0, roll_back = 0;
};

class Wire {
public:
    explicit Wire(std::uint64_t seed)
        : random_(seed),
          plan_(random_),
          server_(seed + 1),
          identity_(server_.enrol()),
          agent_(seed + 2, server_.clock(), identity_.agent_id) {}

    void run() {
        for (int i = 0; i < 150; ++i) step();
        settle();
    }
    std::vector<std::string> broken() {
        auto out = check_wire(server_.rows(), agent_);
        for (auto& promise : check_promises(server_.rows(), server_.journal())) {
            out.push_back(std::move(promise));
        }
        if (agent_.was_taken_for_clone()) out.emplace_back("the one machine was taken for a clone");
        if (!agent_.has_all_told()) out.emplace_back("the agent could not tell all it has");
        return out;
    }

    [[nodiscard]] int crashes() const { return crashes_; }
    [[nodiscard]] const AgentSide& agent() const { return agent_; }

private:
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }

    void step() {
        server_.clock().advance(Millis{500 + static_cast<std::int64_t>(random_.below(60'000))});
        faults();
        const auto dice = random_.below(10);
        if (dice < 4) {
            flip();
        } else if (dice < 5) {
            agent_.sample();
        } else {
            exchange();
        }
    }

    void faults() {
        if (chance(plan_.death)) agent_.arm_death();
        if (chance(plan_.kill)) agent_.kill();
        if (chance(plan_.reboot)) reboot();
        if (chance(plan_.lose_spool)) agent_.lose_spool();
        if (chance(plan_.roll_back)) agent_.take_snapshot();
        if (chance(plan_.roll_back)) {
            late_.clear();
            agent_.roll_back();
        }
        if (chance(plan_.store_fails)) server_.let_store_fail();
        if (chance(20)) server_.heal();
        if (chance(plan_.server_crash)) {
            ++crashes_;
            server_.crash();
        }
    }

    // One request of the boot that was replaced may be under way still, none of those before it.
    void reboot() {
        const std::string before = agent_.boot_id();
        while (late_.size() > 1 || (!late_.empty() && late_.front().first != before)) {
            late_.pop_front();
        }
        agent_.reboot();
    }

    void flip() {
        constexpr std::array conditions{Condition::ok, Condition::warning, Condition::critical};
        auto check = agent_.truth().begin();
        std::advance(check, static_cast<std::ptrdiff_t>(random_.below(agent_.truth().size())));
        agent_.set(check->first, conditions[random_.below(3)]);
    }

    void exchange() {
        if (!late_.empty() && chance(50)) deliver_late();
        auto body = agent_.next_report();
        if (!body) return;
        const Error gone = fail(ErrorCode::unavailable, "no route");
        Result<http::Response> answer = gone;
        if (!chance(plan_.lost_request)) {
            if (chance(plan_.twice)) (void)server_.report(identity_.credential, *body);
            answer = server_.report(identity_.credential, *body);
            if (chance(plan_.late)) late_.emplace_back(agent_.boot_id(), *body);
            if (chance(plan_.lost_reply)) answer = gone;
        }
        agent_.take(answer);
    }

    void deliver_late() {
        (void)server_.report(identity_.credential, late_.front().second);
        late_.pop_front();
    }

    // The faults are over: all of it must get through.
    void settle() {
        plan_.lost_request = plan_.lost_reply = plan_.twice = plan_.late = 0;
        late_.clear();
        agent_.disarm();
        server_.heal();
        for (int i = 0; i < 100; ++i) {
            server_.clock().advance(Millis{1'000'000});
            exchange();
            server_.fold_all();
            if (i > 2 && agent_.has_all_told()) break;
        }
    }

    SeededRandom random_;
    Plan plan_;
    ServerSide server_;
    EnrolReply identity_;
    AgentSide agent_;
    std::deque<std::pair<std::string, std::string>> late_;  // boot and body, still under way
    int crashes_ = 0;
};

}  // namespace

TEST_CASE("wire: what the spool took arrives once, whoever is killed whenever") {
    constexpr std::uint64_t k_usual = 150;
    const test::Seeds seeds = test::seeds_from_environment(k_usual);
    std::int64_t crashes = 0, kills = 0, beginnings = 0;
    for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
        INFO("seed " << seed << "; repeat: ./dev sim " << seed);
        Wire wire(seed);
        wire.run();
        const auto broken = wire.broken();
        for (const std::string& promise : broken) UNSCOPED_INFO(promise);
        REQUIRE(broken.empty());
        crashes += wire.crashes();
        kills += wire.agent().kills();
        for (const auto& [check, n] : wire.agent().beginnings()) beginnings += n;
    }
    std::cout << seeds.count << " seeds: " << beginnings << " troubles began, gantryd crashed "
              << crashes << " times, the agent died " << kills << " times\n";
    if (!seeds.are_at_least(k_usual)) return;
    CHECK(beginnings > 0);
    CHECK(crashes > 0);
    CHECK(kills > 0);
}
