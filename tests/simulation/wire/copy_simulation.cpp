// A copy of a machine runs beside its original, from an image of any age, on one credential, over a
// bad network: in the end the original was never refused and the server knows its states, and the
// copy is 409 until it enrols anew, and an asset of its own from then on.
#include <array>
#include <iostream>

#include "core/model/report_json.hpp"
#include "core/records/access.hpp"
#include "tests/simulation/wire/agent_side.hpp"
#include "tests/simulation/wire/server_side.hpp"
#include "tests/simulation/wire/wire_checker.hpp"
#include "tests/support/records_builders.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;
using namespace gantry::simulation;

namespace {

constexpr int k_clone = 409;

class Copied {
public:
    explicit Copied(std::uint64_t seed)
        : random_(seed),
          server_(seed + 1),
          identity_(server_.enrol()),
          original_(seed + 2, server_.clock(), identity_.agent_id) {
        lost_ = static_cast<int>(random_.below(15));
        crash_ = random_.below(2) == 0 ? 0 : 3;
        kill_ = random_.below(2) == 0 ? 0 : 5;
    }

    void run() {
        live(original_, random_.below(10));
        original_.take_snapshot();
        original_.is_copied();
        // From "a moment ago" to several blocks of numbers of the spool.
        live(original_, random_.below(12));
        const std::uint64_t used = random_.below(4) == 0 ? 0 : random_.below(3'500);
        for (std::uint64_t i = 0; i < used; ++i) {
            original_.sample();
            if (i % 400 == 399) (void)exchange(original_, identity_.credential);
        }
        (void)exchange(original_, identity_.credential);
        AgentSide copy(random_.next(), server_.clock(), original_, "copy-1");
        if (random_.below(3) == 0) {  // else the serial and UUID were copied, too
            facts_ = test::machine(2);
            copy.tell_facts(facts_);
        }
        run_both(copy);
        enrol_anew(copy);
        check(copy);
    }
    [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
    [[nodiscard]] bool epochs_differed() const { return epochs_differed_; }

private:
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }

    void flip(AgentSide& agent) {
        constexpr std::array conditions{Condition::ok, Condition::warning, Condition::critical};
        auto check = agent.truth().begin();
        std::advance(check, static_cast<std::ptrdiff_t>(random_.below(agent.truth().size())));
        agent.set(check->first, conditions[random_.below(3)]);
    }

    void live(AgentSide& agent, std::uint64_t steps) {
        for (std::uint64_t i = 0; i < steps; ++i) {
            flip(agent);
            (void)exchange(agent, identity_.credential);
        }
    }

    // The status of the answer, as the server gave it; 0: the request was lost.
    int exchange(AgentSide& agent, const std::string& credential) {
        server_.clock().advance(Millis{5'000 + static_cast<std::int64_t>(random_.below(30'000))});
        agent.sample();
        if (chance(crash_)) server_.crash();
        server_.heal();
        if (chance(kill_)) agent.kill();
        const auto body = agent.next_report();
        if (!body) return 0;
        const Error gone = fail(ErrorCode::unavailable, "no route");
        if (chance(lost_)) {
            agent.take(gone);
            return 0;
        }
        const auto answer = server_.report(credential, *body);
        agent.take(chance(lost_) ? Result<http::Response>(gone) : answer);
        if (chance(50)) server_.fold_all();
        return answer.status;
    }

    // In any order, until the copy was found out; then it knocks in vain.
    void run_both(AgentSide& copy) {
        bool found_out = false;
        int knocks = 0;
        for (int i = 0; i < 400 && knocks < 5; ++i) {
            AgentSide& agent = random_.below(2) == 0 ? original_ : copy;
            if (chance(40)) flip(agent);
            const int status = exchange(agent, identity_.credential);
            if (status == 0) continue;
            if (&agent == &original_) {
                if (status != 200) broken_.push_back("the original got " + std::to_string(status));
                continue;
            }
            if (found_out && status != k_clone) {
                broken_.push_back("the copy was 409, then got " + std::to_string(status));
            }
            found_out = found_out || status == k_clone;
            if (found_out) ++knocks;
        }
        if (!found_out) broken_.emplace_back("the copy was never found out");
        epochs_differed_ = has_epoch_of_its_own();
    }

    // The copy was told of numbers that it never gave: its image was that old.
    bool has_epoch_of_its_own() {
        for (const journal::Record& record : server_.journal()) {
            if (record.kind != journal::Kind::agent_report) continue;
            const auto report = decode_report(record.body);
            if (report && report->boot_id == "copy-1" && report->epoch > 1) return true;
        }
        return false;
    }

    void enrol_anew(AgentSide& copy) {
        (void)exchange(original_, identity_.credential);
        lost_ = crash_ = kill_ = 0;
        (void)exchange(original_, identity_.credential);  // it was heard: it runs
        server_.fold_all();
        const EnrolReply own = server_.enrol("copy-1", facts_);
        if (own.asset_id != 2) broken_.push_back("asset " + std::to_string(own.asset_id));
        copy.become(own.agent_id);
        for (int i = 0; i < 100; ++i) {
            const int answered = exchange(original_, identity_.credential);
            if (answered != 200) {
                broken_.push_back("the original got " + std::to_string(answered) + " in the end");
            }
            const int status = exchange(copy, own.credential);
            if (status != 200) {
                broken_.push_back("the copy got " + std::to_string(status) +
                                  " with a credential of its own");
            }
            server_.fold_all();
            if (i > 2 && original_.has_all_told() && copy.has_all_told()) break;
        }
    }

    void check(const AgentSide& copy) {
        const auto add = [&](std::vector<std::string> all) {
            for (auto& promise : all) broken_.push_back(std::move(promise));
        };
        add(check_wire(server_.rows(), original_));
        add(check_wire(server_.rows(), copy, AssetId{2}));
        if (original_.was_taken_for_clone()) broken_.emplace_back("the original was refused");
        if (!original_.has_all_told()) broken_.emplace_back("the original could not tell all");
        if (!copy.has_all_told()) broken_.emplace_back("the copy could not tell all");
        const auto row = records::agent_by_id(server_.rows(), identity_.agent_id);
        if (!row || row->refused_boots != std::vector<std::string>{"copy-1"}) {
            broken_.emplace_back("not the copy alone is refused");
        }
    }

    SeededRandom random_;
    ServerSide server_;
    EnrolReply identity_;
    AgentSide original_;
    Facts facts_ = test::machine(1);  // of the copy
    std::vector<std::string> broken_;
    int lost_ = 0, crash_ = 0, kill_ = 0;  // percent
    bool epochs_differed_ = false;
};

}  // namespace

TEST_CASE("copy: beside its original it is found out, and the original is never refused") {
    const test::Seeds seeds = test::seeds_from_environment(60);
    std::uint64_t epochs = 0;
    for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
        INFO("seed " << seed << "; repeat: ./dev sim " << seed);
        Copied world(seed);
        world.run();
        for (const std::string& promise : world.broken()) UNSCOPED_INFO(promise);
        REQUIRE(world.broken().empty());
        if (world.epochs_differed()) ++epochs;
    }
    if (seeds.are_at_least(60)) CHECK(epochs > seeds.count / 6);
    std::cout << seeds.count << " copies, " << epochs << " of them in an epoch of their own\n";
}
