// Monitor: runs the policy. Every probe is read when one of its checks is due, each on its own so
// that a slow one holds up nobody; transitions get their evidence and are in the spool, on disk,
// before anyone hears of them.
//
// Threading: the given executor's one thread. stop(), then wait until idle() before destroying.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "agent/checks/evaluator.hpp"
#include "agent/monitor/selection.hpp"
#include "agent/probes/probe.hpp"
#include "agent/spool/spool.hpp"
#include "core/async/task_group.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::agent {

struct MonitorParts {
    Spool& spool;
    const Clock& clock;
    const telemetry::Log& log;
    Platform platform;
    std::function<void()> on_urgent;  // a transition is in the spool
    Millis interval{0};               // of all checks; 0 = the policy's own
};

class Monitor {
public:
    Monitor(boost::asio::any_io_executor executor, MonitorParts parts);

    void use(const Policy& policy);
    boost::asio::awaitable<void> run();
    // A full state goes into the spool as soon as every check was judged.
    void request_full_state();
    // Plugins are asked to end (TERM); their looks count for nothing any more.
    void stop();
    // For who cannot wait until idle(): KILL.
    void kill_plugins();
    [[nodiscard]] bool idle() const { return open_looks_ == 0; }
    [[nodiscard]] const Evaluator& evaluator() const { return evaluator_; }

private:
    struct Group {
        std::vector<CheckPolicy> checks;
        std::vector<std::int64_t> due_ms;  // of each check, steady time
        std::unique_ptr<Probe> probe;
        bool busy = false;
        bool looked = false;
        bool retired = false;  // of an earlier policy: its last look is ignored
    };
    using GroupPtr = std::shared_ptr<Group>;

    void start_due(std::int64_t now);
    boost::asio::awaitable<void> look(GroupPtr group, std::vector<CheckPolicy> due, bool sampled);
    boost::asio::awaitable<void> add_evidence(Probe* probe, std::string metric, CheckState* state);
    void drop_retired(std::vector<CheckState>& transitions) const;
    void save(std::vector<CheckState> transitions);
    void finish_looks();
    void write_sample();
    [[nodiscard]] bool all_judged() const;
    void write_full_state();
    [[nodiscard]] std::int64_t steady_ms() const;
    [[nodiscard]] std::int64_t next_due() const;

    boost::asio::any_io_executor executor_;
    MonitorParts parts_;
    Evaluator evaluator_;
    Commons commons_;
    std::vector<GroupPtr> groups_;
    boost::asio::steady_timer timer_;
    std::vector<Reading> sample_;
    std::deque<CheckState> unsaved_;  // the spool refused them; tried again with every look
    int open_looks_ = 0;
    int open_sampled_ = 0;
    bool full_state_wanted_ = false;
    bool stopped_ = false;
    bool spool_failed_ = false;
    TaskGroup looks_;
};

}  // namespace gantry::agent
