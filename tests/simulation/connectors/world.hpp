// World: engines, the SQL outbox and tools on one thread and a simulated clock. It only makes
// things happen, as the plan says, and tells the checkers; what is right they decide.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "connectors/engine/engine.hpp"
#include "core/ports/service_desk.hpp"
#include "tests/simulation/connectors/pace_checker.hpp"
#include "tests/simulation/connectors/plan.hpp"
#include "tests/simulation/connectors/row_checker.hpp"
#include "tests/simulation/connectors/tool.hpp"
#include "tests/simulation/connectors/weather.hpp"
#include "tests/support/sim_clock.hpp"

namespace gantry::simulation {

struct Run {
    std::vector<std::string> broken;  // promises, as sentences
    std::size_t rows = 0, sends = 0, deaths = 0, crashes = 0, failures = 0, openings = 0;
};

class World {
public:
    // `database`: migrated, its outbox empty.
    World(storage::Database& database, Plan plan);
    Run run();

private:
    // One connector: its tool lives on, its engine dies with the program.
    struct Line {
        std::unique_ptr<Tool> tool;
        std::unique_ptr<connectors::Engine> engine;
        std::unique_ptr<PaceChecker> pace;
        bool busy = false;  // an outbox operation is under way
        bool stopped = false;
        std::uint64_t wake = 0;  // the newest timer counts
    };
    struct Event {
        Millis at{};
        std::uint64_t order = 0;
        std::function<void()> action;
        bool operator>(const Event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    void schedule_writing();
    void schedule_faults();
    void write_row(int incident, int number);
    void step_clock();
    void operator_retries();
    std::vector<DeliveryId> dead_rows();
    void decide(DeliveryId id);

    void start();
    void end_program(bool crashed);
    void crash(Millis down);
    void stop_cleanly();
    void when_stopped();

    void pump(Line& line);
    void lease(Line& line, const connectors::LeaseStep& step);
    void settle(Line& line, connectors::SettleStep step);
    void attempt(Line& line, connectors::AttemptStep step);
    void sleep(Line& line, const connectors::WaitStep& step);

    void at(Millis when, std::function<void()> action);
    void in_this_life(Millis delay, std::function<void()> action);
    bool run_until(Millis end, const std::function<bool()>& done);
    bool at_rest();
    void mend();
    void drain(const char* what);
    [[nodiscard]] Millis patience() const;
    [[nodiscard]] Millis any(Millis most);
    Run outcome();

    Plan plan_;
    storage::Database& database_;
    std::unique_ptr<storage::Connection> connection_;  // of writers and checkers: never fails
    std::unique_ptr<ServiceDesk> desk_;
    Weather weather_;
    std::unique_ptr<storage::Database> rough_;
    SeededRandom random_;
    SeededRandom engine_random_;
    test::SimClock clock_;
    Millis now_{};  // since the beginning, steady
    telemetry::Registry metrics_;
    telemetry::Log log_ = telemetry::Log::silent();
    RowChecker rows_;
    std::map<std::string, Line> lines_;
    std::unique_ptr<Outbox> outbox_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t order_ = 0;
    std::uint64_t life_ = 0;
    bool runs_ = false;
    bool stopping_ = false;
    bool rough_life_ = false;  // the outbox failed or may fail in this life
    Millis stepped_{};         // sum of all clock steps
    std::int64_t next_delivery_ = 1;
    std::size_t crashes_ = 0;
    std::size_t openings_ = 0;  // in lives that are over
    std::vector<std::string> broken_;
};

}  // namespace gantry::simulation
