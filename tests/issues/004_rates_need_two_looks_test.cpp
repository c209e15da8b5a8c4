// The first look of a rate has no reading, which was taken for "vanished": every restart and every
// new policy resolved what the checks of processor, disks and network had reported.
#include <catch2/catch.hpp>
#include <fstream>

#include "agent/checks/evaluator.hpp"
#include "agent/monitor/selection.hpp"
#include "agent/probes/cpu.hpp"
#include "agent/probes/disk_io.hpp"
#include "agent/probes/network.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

constexpr Standing k_warning{Condition::warning, Condition::warning};

CheckPolicy check(const std::string& probe, double warning) {
    CheckPolicy out;
    out.id = probe;
    out.probe = probe;
    out.threshold.warning = warning;
    return out;
}

// What is told at one look, "instance: from -> to (reason)" each.
std::string told(Evaluator& evaluator, const CheckPolicy& check, Source& source) {
    std::string out;
    const Look look = look_of(check, source.read());
    for (const CheckState& state : evaluator.take(check, look, Millis{1000})) {
        const std::string* reason = find_label(state.evidence, "reason");
        out += state.instance + ": " + to_string(state.previous) + " -> " +
               to_string(state.condition) + (reason ? " (" + *reason + ") " : " ");
    }
    return out;
}

struct Machine {
    test::TemporaryDirectory proc;
    test::SimClock clock;

    void write(const std::string& name, const std::string& text) const {
        const std::string path = proc.path() + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path, std::ios::trunc) << text;
    }
    void network(int errors, const std::string& more = "") const {
        write("net/dev", "head\nhead |\n  lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\neth0: 1 1 " +
                             std::to_string(errors) + " 0 0 0 0 0 1 1 0 0 0 0 0 0\n" + more);
    }
};

}  // namespace

TEST_CASE("issue 004: processor: a first look ends nothing, nor one at which no time has passed") {
    const Machine machine;
    machine.write("stat", "cpu  100 0 0 900 0 0 0 0\n");
    Evaluator evaluator({{{"cpu", ""}, k_warning}});
    const auto source = make_cpu_source(machine.proc.path());
    const CheckPolicy cpu = check("cpu", 0.9);
    CHECK(told(evaluator, cpu, *source).empty());
    CHECK(told(evaluator, cpu, *source).empty());
    machine.write("stat", "cpu  200 0 0 900 0 0 0 0\n");
    CHECK(told(evaluator, cpu, *source).empty());
    machine.write("stat", "cpu  200 0 0 1000 0 0 0 0\n");
    CHECK(told(evaluator, cpu, *source) == ": warning -> ok ");
}

TEST_CASE("issue 004: processor: counters that never move are unknown, not ok") {
    const Machine machine;
    machine.write("stat", "cpu  100 0 0 900 0 0 0 0\n");
    Evaluator evaluator({});
    const auto source = make_cpu_source(machine.proc.path());
    const CheckPolicy cpu = check("cpu", 0.9);
    CHECK(told(evaluator, cpu, *source).empty());
    CHECK(told(evaluator, cpu, *source).empty());
    CHECK(told(evaluator, cpu, *source) == ": ok -> unknown (the CPU's clock does not tick) ");
}

TEST_CASE("issue 004: network: only what is gone vanishes at a first look") {
    Machine machine;
    machine.network(100);
    Evaluator evaluator({{{"network", "eth0"}, k_warning}, {{"network", "usb0"}, k_warning}});
    const auto source = make_network_source(machine.proc.path(), machine.clock);
    const CheckPolicy errors = check("network", 10);
    CHECK(told(evaluator, errors, *source) == "usb0: warning -> ok (vanished) ");
    machine.clock.advance(Millis{1000});
    machine.network(200);
    CHECK(told(evaluator, errors, *source).empty());
    machine.clock.advance(Millis{1000});
    machine.network(200);
    CHECK(told(evaluator, errors, *source) == "eth0: warning -> ok ");
}

TEST_CASE("issue 004: disks: a counter that began anew ends nothing") {
    Machine machine;
    const auto busy = [&](int ms) {
        machine.write("diskstats", "8 0 sda 0 0 0 0 0 0 0 0 0 " + std::to_string(ms) + " 0\n");
    };
    busy(5000);
    Evaluator evaluator({{{"disk_io", "sda"}, k_warning}});
    const auto source = make_disk_io_source(machine.proc.path(), machine.clock);
    const CheckPolicy io = check("disk_io", 0.9);
    CHECK(told(evaluator, io, *source).empty());
    machine.clock.advance(Millis{1000});
    busy(10);
    CHECK(told(evaluator, io, *source).empty());
    machine.clock.advance(Millis{1000});
    busy(1010);
    CHECK(told(evaluator, io, *source).empty());
    machine.clock.advance(Millis{1000});
    CHECK(told(evaluator, io, *source) == "sda: warning -> ok ");
}

TEST_CASE("issue 004: a new policy's fresh probes end nothing") {
    Machine machine;
    machine.network(100);
    Evaluator evaluator({{{"network", "eth0"}, k_warning}});
    const CheckPolicy errors = check("network", 10);
    for (int edits = 0; edits < 5; ++edits) {
        const auto source = make_network_source(machine.proc.path(), machine.clock);
        CHECK(told(evaluator, errors, *source).empty());
        machine.clock.advance(Millis{1000});
        machine.network(200 + 100 * edits);
        CHECK(told(evaluator, errors, *source).empty());
    }
}
