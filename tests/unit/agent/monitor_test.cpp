// The monitor over captured kernel files: from a reading to a record in the spool.
#include "agent/monitor/monitor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "agent/monitor/once.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::test::SpoolFixture;

namespace {

void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::trunc) << text;
}

CheckPolicy check(const std::string& id, const std::string& probe, double critical) {
    CheckPolicy out;
    out.id = id;
    out.probe = probe;
    out.threshold.critical = critical;
    return out;
}

struct Stage : SpoolFixture {
    boost::asio::io_context context;
    telemetry::Log log = telemetry::Log::silent();
    int urgent = 0;
    std::unique_ptr<Monitor> monitor;
    Policy policy;

    Stage() {
        REQUIRE(open().has_value());
        memory(50);
        write(directory.path() + "/proc/loadavg", "0.5 0.5 0.5 1/2 3\n");
        write(directory.path() + "/proc/stat", "cpu  1 1 1 1\ncpu0 1 1 1 1\n");
        policy.checks = {check("memory", "memory", 0.9)};
    }
    void memory(int used_percent) {
        write(directory.path() + "/proc/meminfo",
              "MemTotal: 1000 kB\nMemAvailable: " + std::to_string(1000 - 10 * used_percent) +
                  " kB\n");
    }
    void start() {
        Platform platform;
        platform.proc = directory.path() + "/proc";
        platform.run = directory.path() + "/run";
        MonitorParts parts{*spool, clock, log, platform, [this] { ++urgent; }, Millis{0}};
        monitor = std::make_unique<Monitor>(context.get_executor(), std::move(parts));
        monitor->use(policy);
        boost::asio::co_spawn(context, monitor->run(), boost::asio::detached);
        settle();
    }
    // Runs what is ready now; timers of the future stay.
    void settle() {
        context.restart();
        while (context.poll() > 0) {
        }
    }
    // Stops the monitor and ends it once nothing of it is under way, a plugin's end among that: a
    // look that still waits would come back to a monitor that is gone.
    void end() {
        if (!monitor) return;
        monitor->stop();
        const auto open = boost::asio::make_work_guard(context);
        context.restart();
        for (int i = 0; i < 5000 && !monitor->idle(); ++i) {
            context.run_for(std::chrono::milliseconds(2));
        }
        CHECK(monitor->idle());
        settle();
        monitor.reset();
    }
    // Time passes; the monitor's timer is set off by a policy's being used again.
    void later(Millis by) {
        clock.advance(by);
        monitor->use(policy);
        settle();
    }
    ~Stage() { end(); }
    Report report() { return *spool->next_report(1 << 20); }
    std::vector<CheckState> states() {
        std::vector<CheckState> out;
        const Report all = report();
        for (const ReportRecord& record : all.records) {
            if (record.kind == RecordKind::state) out.push_back(record.states[0]);
        }
        return out;
    }
};

}  // namespace

TEST_CASE("monitor: a breach is in the spool with its evidence before anyone is told") {
    Stage stage;
    stage.memory(95);
    stage.start();
    const auto states = stage.states();
    REQUIRE(states.size() == 1);
    CHECK(states[0].check == "memory");
    CHECK(states[0].condition == Condition::critical);
    CHECK(states[0].summary == "memory use is 95 % (critical at 90 %)");
    CHECK(find_label(states[0].evidence, "available") != nullptr);
    CHECK(find_label(states[0].evidence, "value") != nullptr);
    CHECK(std::is_sorted(states[0].evidence.begin(), states[0].evidence.end()));
    CHECK(stage.urgent >= 1);
}

TEST_CASE("monitor: only transitions are told, recovery among them") {
    Stage stage;
    stage.start();
    CHECK(stage.states().empty());
    stage.memory(95);
    stage.later(Millis{15'000});
    stage.later(Millis{15'000});
    CHECK(stage.states().size() == 1);
    stage.memory(10);
    stage.later(Millis{15'000});
    const auto states = stage.states();
    REQUIRE(states.size() == 2);
    CHECK(states[1].condition == Condition::ok);
    CHECK(states[1].previous == Condition::critical);
}

TEST_CASE("monitor: readings of the checks become one sample a look") {
    Stage stage;
    stage.policy.checks.push_back(check("load", "load", 8));
    stage.start();
    std::vector<Reading> readings;
    const Report all = stage.report();
    for (const ReportRecord& record : all.records) {
        if (record.kind == RecordKind::sample) readings = record.readings;
    }
    REQUIRE(readings.size() == 2);
    CHECK(readings[0].name == "system.memory.utilization");
    CHECK(readings[1].name == "system.cpu.load_average.5m.per_cpu");
}

TEST_CASE("monitor: a full state is written once every check was looked at") {
    Stage stage;
    stage.memory(95);
    stage.start();
    std::vector<CheckState> full;
    const Report all = stage.report();
    for (const ReportRecord& record : all.records) {
        if (record.kind == RecordKind::full_state) full = record.states;
    }
    REQUIRE(full.size() == 1);
    CHECK(full[0].condition == Condition::critical);
    CHECK_FALSE(stage.spool->wants_full_state());
}

TEST_CASE("monitor: a full state waits for what was not judged yet, since it ends what it lacks") {
    for (const bool plugin : {false, true}) {
        Stage stage;
        stage.policy.checks.push_back(check("late", plugin ? "plugin" : "cpu", 0.9));
        if (plugin) stage.policy.checks.back().command = {"/bin/sleep", "5"};
        stage.start();
        const Report all = stage.report();
        CHECK(std::none_of(all.records.begin(), all.records.end(), [](const ReportRecord& record) {
            return record.kind == RecordKind::full_state;
        }));
        CHECK(stage.spool->wants_full_state());
        // Known from before the restart: nothing is lost by not waiting for it.
        if (!plugin) continue;
        stage.end();
        auto before = test::transition("late", Condition::ok, Condition::critical);
        REQUIRE(stage.spool->append_states({before}).has_value());
        stage.start();
        CHECK_FALSE(stage.spool->wants_full_state());
    }
}

TEST_CASE("monitor: after a restart a condition that still holds is not told again") {
    Stage stage;
    stage.memory(95);
    stage.start();
    stage.end();
    REQUIRE(stage.open().has_value());
    stage.start();
    CHECK(stage.states().size() == 1);
}

TEST_CASE("monitor: a check that leaves the policy ends its condition") {
    Stage stage;
    stage.memory(95);
    stage.start();
    stage.policy.checks = {check("load", "load", 8)};
    stage.later(Millis{1});
    const auto states = stage.states();
    REQUIRE(states.size() == 2);
    CHECK(states[1].condition == Condition::ok);
    CHECK(*find_label(states[1].evidence, "reason") == "no longer in the policy");
}

TEST_CASE("check --once: each instance with its condition, and the worst for the exit code") {
    Stage stage;
    stage.memory(95);
    Platform platform;
    platform.proc = stage.directory.path() + "/proc";
    platform.run = stage.directory.path() + "/run";
    stage.policy.checks.push_back(check("load", "load", 8));
    stage.policy.checks.push_back(check("units", "unit", 1));
    const auto rows = test::run(stage.context, look_once(stage.context.get_executor(), platform,
                                                         &stage.clock, stage.policy));
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].condition == Condition::critical);
    CHECK(rows[1].condition == Condition::ok);
    CHECK(rows[1].summary == "load per CPU (5 min) is 0.50");
    CHECK(rows[2].condition == Condition::unknown);
    CHECK(worst_of(rows) == Condition::critical);
    CHECK(worst_of({rows[1], rows[2]}) == Condition::unknown);
    CHECK(worst_of({rows[1]}) == Condition::ok);
    CHECK(worst_of({}) == Condition::ok);
}
