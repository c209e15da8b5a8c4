// Probes as objects: sources over files, the sacrificial thread, units behind a fake manager.
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>

#include "agent/probes/cpu.hpp"
#include "agent/probes/disk_io.hpp"
#include "agent/probes/filesystem.hpp"
#include "agent/probes/kernel_file.hpp"
#include "agent/probes/plugin.hpp"
#include "agent/probes/process_table.hpp"
#include "agent/probes/unit.hpp"
#include "core/model/policy_rules.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/agent/fake_bus.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::test::TemporaryDirectory;

namespace {

void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::trunc) << text;
}

// A mount whose statvfs does not return until the latch opens.
class Latch {
public:
    void wait() {
        std::unique_lock lock(mutex_);
        open_.wait(lock, [this] { return is_open_; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        open_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable open_;
    bool is_open_ = false;
};

boost::asio::awaitable<void> keep(Probe* probe, Result<Measurement>* out) {
    *out = co_await probe->read();
}

Result<Measurement> read(boost::asio::io_context& context, Probe& probe) {
    Result<Measurement> out = fail(ErrorCode::internal, "not read");
    test::run(context, keep(&probe, &out));
    return out;
}

// The end of one look of a probe that is asked in a loop in which others wait for ever.
Result<Measurement> look(boost::asio::io_context& context, Probe& probe) {
    Result<Measurement> out = fail(ErrorCode::internal, "not read");
    boost::asio::co_spawn(context, keep(&probe, &out), [&](std::exception_ptr) { context.stop(); });
    context.restart();
    context.run_for(std::chrono::seconds{20});
    return out;
}

std::string reason_of(const Result<Measurement>& measured) {
    if (!measured) return measured.error().message;
    if (!measured->verdict.empty()) return measured->verdict[0].text;
    return measured->gaps.empty() ? "none" : measured->gaps[0].reason;
}

const char* k_mounts =
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /hung rw - ext4 /dev/sda2 rw\n"
    "3 1 8:3 / /data rw - ext4 /dev/sda3 rw\n4 1 8:4 / /denied rw - ext4 /dev/sda4 rw\n";

std::vector<std::string> instances(const Measurement& measured) {
    std::vector<std::string> out;
    for (const Reading& reading : measured.readings) {
        if (reading.name == "system.filesystem.utilization") out.push_back(reading.instance);
    }
    return out;
}

class FakeLister final : public UnitLister {
public:
    explicit FakeLister(std::vector<UnitRow> units) : units_(std::move(units)) {}
    boost::asio::awaitable<Result<std::vector<UnitRow>>> list(
        std::vector<std::string> states, std::vector<std::string> patterns) override {
        std::vector<UnitRow> out;
        for (const UnitRow& unit : units_) {
            const bool by_state = states.empty() || unit.active == states[0];
            const bool by_name = patterns.empty() || std::find(patterns.begin(), patterns.end(),
                                                               unit.name) != patterns.end();
            if (by_state && by_name) out.push_back(unit);
        }
        co_return out;
    }

private:
    std::vector<UnitRow> units_;
};

}  // namespace

TEST_CASE("kernel file: it is read again from its start, and may come and go") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/file";
    KernelFile file(path, KernelFile::Records::many);
    CHECK(file.read().error().code == ErrorCode::not_found);
    const std::string big(100'000, 'x');
    write(path, big);
    CHECK(*file.read() == big);
    write(path, "short");
    CHECK(*file.read() == "short");
    KernelFile bounded(path, KernelFile::Records::one, 4096);
    write(path, big);
    CHECK(bounded.read()->size() == 4096);
}

TEST_CASE("cpu source: a gap at the first look, then the share since the last one") {
    const TemporaryDirectory proc;
    write(proc.path() + "/stat", "cpu  100 0 0 900 0 0 0 0\n");
    const auto source = make_cpu_source(proc.path());
    CHECK(source->read()->readings.empty());
    const auto no_time_passed = source->read();
    CHECK(no_time_passed->readings.empty());
    REQUIRE(no_time_passed->gaps.size() == 1);
    CHECK(no_time_passed->gaps[0].reason == "the CPU's clock does not tick");
    write(proc.path() + "/stat", "cpu  150 0 0 940 10 0 0 0\n");
    const auto measured = source->read();
    REQUIRE(measured->readings.size() == 2);
    CHECK(measured->readings[0].value == Approx(0.5));
    CHECK(measured->readings[1].value == Approx(0.1));
    CHECK(measured->gaps.empty());
    std::filesystem::remove(proc.path() + "/stat");
}

TEST_CASE("disk source: rates per second, a counter that went back is a gap") {
    const TemporaryDirectory proc;
    test::SimClock clock;
    const auto stat = [&](const std::string& text) { write(proc.path() + "/diskstats", text); };
    stat("8 0 sda 0 0 0 0 0 0 0 0 0 0 0\n");
    const auto source = make_disk_io_source(proc.path(), clock);
    clock.advance(Millis{1000});
    CHECK(source->read()->readings.empty());
    clock.advance(Millis{2000});
    stat("8 0 sda 10 0 200 0 10 0 0 0 0 1000 0\n");
    auto measured = source->read();
    REQUIRE(measured->readings.size() == 4);
    CHECK(measured->readings[0].value == Approx(200 * 512 / 2.0));
    CHECK(measured->readings[3].value == Approx(0.5));
    clock.advance(Millis{1000});
    stat("8 0 sda 1 0 1 0 1 0 0 0 0 1 0\n");
    measured = source->read();
    CHECK(measured->readings.empty());
    REQUIRE(measured->gaps.size() == 1);
    CHECK(measured->gaps[0].instance == "sda");
    CHECK(measured->gaps[0].reason == "the kernel's counters began anew");
}

TEST_CASE("process source: patterns on names and command lines, zombies do not run") {
    const TemporaryDirectory proc;
    const auto process = [&](int pid, const std::string& name, char state,
                             const std::string& command) {
        const std::string base = proc.path() + "/" + std::to_string(pid);
        write(base + "/stat", std::to_string(pid) + " (" + name + ") " + state +
                                  " 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 5 0 10 0");
        write(base + "/cmdline", command);
    };
    process(1, "init", 'S', "/sbin/init");
    process(20, "nginx", 'S', std::string("nginx: worker") + '\0');
    process(21, "nginx", 'Z', "");
    process(30, "gantry-demo-wor", 'S', "/opt/gantry-demo-worker\0--now");
    const auto source =
        make_process_source(proc.path(), {"nginx", "gantry-demo-worker", "/opt/*", "sshd"});
    const auto measured = source->read();
    REQUIRE(measured.has_value());
    REQUIRE(measured->readings.size() == 5);
    CHECK(measured->readings[0].value == 4);
    CHECK(measured->readings[1].value == 1);
    CHECK(measured->readings[2].value == 1);
    CHECK(measured->readings[3].value == 1);
    CHECK(measured->readings[4].value == 0);
    CHECK_FALSE(make_process_source("/nonexistent", {"x"})->read().has_value());
}

TEST_CASE("filesystem probe: a mount that hangs is a gap and holds up no other") {
    const TemporaryDirectory directory;
    write(directory.path() + "/mountinfo", k_mounts);
    const auto latch = std::make_shared<Latch>();
    boost::asio::io_context context;
    FilesystemOptions options;
    options.mountinfo = directory.path() + "/mountinfo";
    options.per_mount = Millis{50};
    const auto probe = make_filesystem_probe(
        context.get_executor(), options,
        [latch](const char* path, struct statvfs* out) {
            if (std::strcmp(path, "/hung") == 0) latch->wait();
            if (std::strcmp(path, "/denied") == 0) {
                errno = EACCES;
                return -1;
            }
            *out = {};
            out->f_frsize = 4096;
            out->f_blocks = 100;
            out->f_bfree = out->f_bavail = 40;
            return 0;
        },
        std::make_shared<HungMounts>());
    auto measured = read(context, *probe);
    REQUIRE(measured.has_value());
    CHECK(instances(*measured) == std::vector<std::string>{"/", "/data"});
    REQUIRE(measured->gaps.size() == 2);
    CHECK(measured->gaps[0].instance == "/hung");
    CHECK(measured->gaps[0].reason == "statfs gave no answer within 50 ms");
    CHECK(measured->gaps[1].reason == "Permission denied");
    // Still inside the call: not asked again, still a gap.
    measured = read(context, *probe);
    CHECK(instances(*measured) == std::vector<std::string>{"/", "/data"});
    CHECK(measured->gaps[0].reason == "statfs does not return");
    latch->open();
    for (int i = 0; i < 1000 && measured->gaps.size() > 1; ++i) {
        measured = read(context, *probe);
    }
    CHECK(instances(*measured) == std::vector<std::string>{"/", "/hung", "/data"});
    const Labels proof = test::run(context, probe->evidence("", "/data"));
    CHECK(*find_label(proof, "device") == "/dev/sda3");
}

TEST_CASE("unit probe: failed units are counted and named, named ones are active or not") {
    auto lister = std::make_unique<FakeLister>(
        std::vector<UnitRow>{{"ssh.service", "loaded", "active", "running"},
                             {"cron.service", "loaded", "inactive", "dead"},
                             {"broken.service", "loaded", "failed", "failed"}});
    boost::asio::io_context context;
    const auto probe = make_unit_probe(std::move(lister), {"ssh", "cron.service", "gone"});
    const auto measured = read(context, *probe);
    const auto proof = [&](const char* metric, const char* instance) {
        return test::run(context, probe->evidence(metric, instance));
    };
    REQUIRE(measured.has_value());
    REQUIRE(measured->readings.size() == 4);
    CHECK(measured->readings[0].value == 1);
    CHECK(measured->readings[1].instance == "ssh.service");
    CHECK(measured->readings[1].value == 1);
    CHECK(measured->readings[2].value == 0);
    CHECK(measured->readings[3].instance == "gone.service");
    CHECK(measured->readings[3].value == 0);
    CHECK(proof("systemd.units.failed", "")[0].second == "broken.service");
    CHECK(*find_label(proof("systemd.unit.active", "cron.service"), "sub_state") == "dead");
    CHECK(proof("systemd.unit.active", "gone.service")[0].second == "not-found");
}

TEST_CASE("unit probe: without systemd the answer is the reason, not a zero") {
    const TemporaryDirectory run;
    boost::asio::io_context context;
    auto lister = make_systemd_lister(context.get_executor(), {run.path(), Millis{1000}});
    const auto probe = make_unit_probe(std::move(lister), {});
    const auto measured = read(context, *probe);
    REQUIRE_FALSE(measured.has_value());
    CHECK(measured.error().message == "systemd does not run on this machine");
}

TEST_CASE("probes: what can block has a bound on its time, and says that it had no answer") {
    const SystemClock clock;
    const TemporaryDirectory directory;
    boost::asio::io_context context;
    // Nobody writes into the pipe, answers on the bus, returns from the call or ends the program.
    const std::string pipe = directory.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    test::FakeBus bus(context, test::FakeBus::Manner::is_mute);
    const auto latch = std::make_shared<Latch>();
    write(directory.file("mountinfo"), "2 1 8:2 / /hung rw - ext4 /dev/sda2 rw\n");
    FilesystemOptions mounts;
    mounts.mountinfo = directory.file("mountinfo");
    mounts.per_mount = Millis{200};
    CheckPolicy plugin;
    plugin.probe = "plugin";
    plugin.command = {"/bin/sleep", "600"};
    plugin.timeout = Millis{200};

    struct Mute {
        std::string reason;
        std::unique_ptr<Probe> probe;
    };
    std::vector<Mute> all;
    all.push_back({"systemd gave no answer within 200 ms",
                   make_unit_probe(
                       make_systemd_lister(context.get_executor(), {bus.run(), Millis{200}}), {})});
    const auto stat = [latch](const char*, struct statvfs* out) {
        latch->wait();
        *out = {};
        return 0;
    };
    all.push_back({"statfs gave no answer within 200 ms",
                   make_filesystem_probe(context.get_executor(), mounts, stat,
                                         std::make_shared<HungMounts>())});
    all.push_back({"gave no answer in time and was ended",
                   make_plugin_probe(plugin, std::make_shared<process::Groups>())});
    for (const auto& [reason, probe] : all) {
        CAPTURE(probe->name());
        const auto begin = clock.steady_now();
        const std::string told = reason_of(look(context, *probe));
        CHECK(clock.steady_now() - begin < std::chrono::seconds{10});
        if (told == "libsystemd.so.0 is not installed") {
            WARN("skipped: " << told);
        } else {
            CHECK(told == reason);
        }
    }
    const auto begin = clock.steady_now();
    CHECK(read_small_file(pipe).empty());
    CHECK(clock.steady_now() - begin < std::chrono::seconds{10});
    latch->open();  // and the thread that was left behind is waited for
    std::string told;
    for (int i = 0; i < 1000 && told != "none"; ++i) told = reason_of(look(context, *all[1].probe));
    CHECK(told == "none");
}

TEST_CASE("probes: they give the metrics that a policy may name, and no others") {
    const TemporaryDirectory root;
    const std::string proc = root.path() + "/proc";
    test::SimClock clock;
    boost::asio::io_context context;
    const auto tick = [&](int n) {
        const std::string count = std::to_string(n);
        write(proc + "/stat", "cpu  " + count + " 0 0 " + count + "\ncpu0 1 1 1 1\n");
        write(proc + "/diskstats", "8 0 sda 0 0 0 0 0 0 0 0 0 " + count + " 0\n");
        write(proc + "/net/dev", "eth0: " + count + " 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
        clock.advance(Millis{1000});
    };
    write(proc + "/meminfo",
          "MemTotal: 9 kB\nMemAvailable: 5 kB\nSwapTotal: 9 kB\nSwapFree: 5 kB\n");
    write(proc + "/loadavg", "0.5 0.5 0.5 1/2 3\n");
    write(proc + "/uptime", "12.5 3.5\n");
    write(proc + "/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
    write(proc + "/1/stat", "1 (init) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 5 0 10 0");
    for (const std::string& name : probe_names()) {
        if (name == "plugin" || name == "unit") continue;  // no metrics; behind a bus
        CheckPolicy check;
        check.probe = name;
        check.include = {"x"};
        Platform platform;
        platform.proc = proc;
        tick(1000);
        const auto probe = make_probe(platform, clock, context.get_executor(), {}, {check});
        (void)read(context, *probe);
        tick(1100);
        const auto measured = read(context, *probe);
        REQUIRE(measured.has_value());
        std::set<std::string> given;
        for (const Reading& reading : measured->readings) given.insert(reading.name);
        std::set<std::string> known;
        for (const ProbeMetric& metric : metrics_of(name)) known.emplace(metric.name);
        if (name == "filesystem" && !given.contains("system.filesystem.inodes.utilization")) {
            known.erase("system.filesystem.inodes.utilization");  // of this machine's /
        }
        CAPTURE(name);
        CHECK(given == known);
        CHECK(known.contains(effective_metric(check)));
    }
}

TEST_CASE("probes: every name of a policy has one, of another name every look says so") {
    boost::asio::io_context context;
    test::SimClock clock;
    for (const char* name : {"cpu", "memory", "swap", "load", "filesystem", "disk_io", "network",
                             "uptime", "unit", "process", "plugin"}) {
        CheckPolicy check;
        check.probe = name;
        const auto probe = make_probe({}, clock, context.get_executor(), {}, {check});
        REQUIRE(probe);
        CHECK(probe->name() == name);
    }
    CheckPolicy check;
    check.probe = "soup";
    for (const auto& checks : {std::vector<CheckPolicy>{check}, std::vector<CheckPolicy>{}}) {
        const auto probe = make_probe({}, clock, context.get_executor(), {}, checks);
        REQUIRE(probe);
        const std::string name = checks.empty() ? "" : "soup";
        CHECK(probe->name() == name);
        for (int looks = 0; looks < 2; ++looks) {
            const auto measured = read(context, *probe);
            REQUIRE_FALSE(measured.has_value());
            CHECK(measured.error().code == ErrorCode::not_found);
            CHECK(measured.error().message == "no probe is called \"" + name + "\"");
        }
        CHECK(test::run(context, probe->evidence("", "")).empty());
    }
}
