// The agent's half of the wire: the real spool and session, driven by checks whose conditions the
// workload decides. As the real agent does, it tells what differs from what it has told.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/spool/spool.hpp"
#include "agent/uplink/session.hpp"
#include "tests/support/dying_database.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/spool_fixture.hpp"

namespace gantry::simulation {

class AgentSide {
public:
    AgentSide(std::uint64_t seed, test::SimClock& clock, std::string agent_id);
    // A copy that boots from the snapshot of `image`, whose identity is in it.
    // REQUIRES: image.take_snapshot() was called.
    AgentSide(std::uint64_t seed, test::SimClock& clock, const AgentSide& image, std::string boot);

    // The truth about one check changes; told at once, or by the next process when this one dies.
    void set(const agent::ConditionKey& check, Condition condition);
    void sample() { (void)spool_->append_sample(test::readings(1)); }

    // What the transport would send; nullopt: nothing was made of it (the process died).
    std::optional<std::string> next_report();
    void take(const Result<http::Response>& answer);

    void arm_death();   // it dies in one of the next operations on its file
    void kill();        // between two operations
    void reboot();      // the machine starts anew
    void lose_spool();  // the state directory is gone but for the identity
    void take_snapshot();
    // To the snapshot, as a restored virtual machine. Once, and not across a lost spool: an epoch
    // below the last is 409 by the contract, and the machine has to enrol anew.
    void roll_back();
    void disarm() { death_.operations_left = -1; }
    void tell_facts(const Facts& facts);
    // Enrolled anew: what it holds goes along in a new epoch.
    void become(const std::string& agent_id);
    // Another machine speaks for its asset: states are repaired, how often they began is not.
    void is_copied() { lost_memory_ = true; }

    [[nodiscard]] const std::map<agent::ConditionKey, Condition>& truth() const { return truth_; }
    // How often each check's trouble began, as committed to the spool.
    [[nodiscard]] const std::map<agent::ConditionKey, std::int64_t>& beginnings() const {
        return beginnings_;
    }
    // Its memory was taken away: beginnings() and the server may differ, the states may not.
    [[nodiscard]] bool lost_memory() const { return lost_memory_; }
    [[nodiscard]] bool has_all_told() const;
    [[nodiscard]] bool was_taken_for_clone() const { return taken_for_clone_; }
    [[nodiscard]] const std::string& agent_id() const { return agent_id_; }
    [[nodiscard]] const std::string& boot_id() const { return boot_id_; }
    [[nodiscard]] int kills() const { return kills_; }

private:
    void open();
    void recover();
    void tell();
    void spool_full_state();
    void count(const agent::Conditions& before);

    SeededRandom random_;
    test::SimClock& clock_;
    std::string agent_id_;
    test::TemporaryDirectory directory_{test::Place::memory};
    test::TemporaryDirectory snapshot_{test::Place::memory};
    test::Death death_;
    std::unique_ptr<agent::Spool> spool_;
    std::unique_ptr<agent::Session> session_;
    std::map<agent::ConditionKey, Condition> truth_;
    std::map<agent::ConditionKey, std::int64_t> beginnings_;
    std::string boot_id_ = "boot-1";
    int boots_ = 1;
    int kills_ = 0;
    bool lost_memory_ = false;
    bool has_snapshot_ = false;
    bool taken_for_clone_ = false;
};

}  // namespace gantry::simulation
