// A week without a server, with kills at any moment: the workload and its faults. What must hold is
// in checkers.cpp, apart from it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/spool/spool.hpp"
#include "agent/uplink/session.hpp"
#include "tests/simulation/agent/report_server.hpp"
#include "tests/support/dying_database.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/spool_fixture.hpp"

namespace gantry::test {

// What really happened, by the workload's own account.
struct Truth {
    std::int64_t transitions = 0;              // ids 1.. of those the spool took
    std::vector<std::int64_t> committed;       // in order
    std::map<std::int64_t, std::size_t> size;  // of each, encoded
    std::int64_t samples = 0;                  // the spool took
    std::int64_t samples_acknowledged = 0;     // left because the server has them
    std::int64_t samples_lost = 0;             // held in memory at a kill
    std::int64_t kills = 0;
    std::int64_t peak_percent = 0;  // the files at their largest, of the cap
};

// A transition's number, which the workload puts into its summary.
std::int64_t transition_id(const CheckState& state);

class OfflineWeek {
public:
    explicit OfflineWeek(std::uint64_t seed);
    // Everything, until the server has all that is left. The first broken promise, if any.
    std::optional<std::string> run();

    [[nodiscard]] const Truth& truth() const { return truth_; }
    [[nodiscard]] const agent::SpoolStatus& final_status() const { return final_status_; }

private:
    enum class Net { up, flaky, down };
    void open();
    void arm_kill();
    void recover(std::int64_t acknowledged = 0);
    void step(Net net);
    void flip();
    void sample();
    void exchange(Net net);
    void check_always();
    [[nodiscard]] std::set<std::int64_t> spooled_transitions() const;
    [[nodiscard]] std::int64_t dropped(RecordKind kind) const;

    SeededRandom random_;
    SimClock clock_;
    TemporaryDirectory directory_{Place::memory};
    Death death_;
    ReportServer server_;
    std::size_t max_bytes_;
    std::size_t evidence_bytes_;
    std::uint64_t max_step_ms_;
    std::unique_ptr<agent::Spool> spool_;
    std::unique_ptr<agent::Session> session_;
    Truth truth_;
    agent::SpoolStatus final_status_;
    std::optional<std::string> broken_;
    std::int64_t steps_ = 0;
    std::int64_t held_before_ = 0;
    int boots_ = 1;
};

// What must hold at the end; nullopt when it does.
std::optional<std::string> check_at_the_end(const Truth& truth, const ReportServer& server,
                                            const agent::SpoolStatus& status,
                                            std::size_t max_bytes);

}  // namespace gantry::test
