// What an agent left behind: the process group of a plugin that ran when it ended; with each new
// policy up to four more threads in the same hung mount; and a mount that counted as hung, until
// the next policy, because there had been no thread to ask with. And a thread that still asked when
// the agent ended told an event loop that was gone.
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>

#include "agent/monitor/monitor.hpp"
#include "agent/probes/filesystem.hpp"
#include "core/process/command.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

void run_until(boost::asio::io_context& context, const std::function<bool()>& done) {
    context.restart();
    const auto open = boost::asio::make_work_guard(context);
    for (int i = 0; i < 5000 && !done(); ++i) context.run_for(std::chrono::milliseconds(2));
    REQUIRE(done());
}

// The pid that a shell wrote, 0 before.
int pid_in(const std::string& path) {
    std::ifstream in(path);
    int out = 0;
    in >> out;
    return out;
}

// A zombie has ended; who reaps it is not our matter.
bool is_gone(int pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(in, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
}

// A shell and its child, in one group: neither ends by itself, nor at TERM if told so.
std::vector<std::string> endless_command(const std::string& pid_file, bool ignores_term) {
    const std::string trap = ignores_term ? "trap '' TERM; " : "";
    return {"/bin/sh", "-c", trap + "sleep 600 & echo $! > " + pid_file + "; wait"};
}

struct Stage : test::SpoolFixture {
    boost::asio::io_context context;
    telemetry::Log log = telemetry::Log::silent();
    std::unique_ptr<Monitor> monitor;

    void start(bool ignores_term) {
        REQUIRE(open().has_value());
        CheckPolicy check;
        check.id = check.probe = "plugin";
        check.command = endless_command(pid_file(), ignores_term);
        Policy policy;
        policy.checks = {check};
        MonitorParts parts{*spool, clock, log, Platform(), [] {}, Millis{0}};
        monitor = std::make_unique<Monitor>(context.get_executor(), std::move(parts));
        monitor->use(policy);
        boost::asio::co_spawn(context, monitor->run(), boost::asio::detached);
        run_until(context, [&] { return pid_in(pid_file()) > 1; });
    }
    [[nodiscard]] std::string pid_file() const { return directory.path() + "/pid"; }
};

std::string one_mount(const test::TemporaryDirectory& directory) {
    const std::string path = directory.path() + "/mountinfo";
    std::ofstream(path) << "2 1 8:2 / /hung rw - ext4 /dev/sda2 rw\n";
    return path;
}

boost::asio::awaitable<void> look(Probe* probe) { (void)co_await probe->read(); }

std::string gap_of(boost::asio::io_context& context, Probe& probe) {
    const auto measured = test::run(context, probe.read());
    REQUIRE(measured.has_value());
    return measured->gaps.empty() ? "" : measured->gaps[0].reason;
}

}  // namespace

TEST_CASE("issue 025: an agent that stops asks its plugins to end, and they do") {
    Stage stage;
    stage.start(false);
    const int child = pid_in(stage.pid_file());
    stage.monitor->stop();
    run_until(stage.context, [&] { return stage.monitor->idle() && is_gone(child); });
}

TEST_CASE("issue 025: an agent that cannot wait for a plugin kills all of its group") {
    Stage stage;
    stage.start(true);
    const int child = pid_in(stage.pid_file());
    stage.monitor->stop();
    CHECK_FALSE(stage.monitor->idle());
    stage.monitor->kill_plugins();
    run_until(stage.context, [&] { return is_gone(child); });
    run_until(stage.context, [&] { return stage.monitor->idle(); });
}

TEST_CASE("issue 025: a command whose coroutine is given up does not run on") {
    const test::TemporaryDirectory directory;
    const std::string pid_file = directory.path() + "/pid";
    const auto groups = std::make_shared<process::Groups>();
    {
        boost::asio::io_context context;
        process::Command command;
        command.argv = endless_command(pid_file, true);
        boost::asio::co_spawn(
            context,
            [](process::Command given,
               std::shared_ptr<process::Groups> list) -> boost::asio::awaitable<void> {
                (void)co_await process::run_command(std::move(given), std::move(list));
            }(std::move(command), groups),
            boost::asio::detached);
        run_until(context, [&] { return pid_in(pid_file) > 1; });
        CHECK(groups->size() == 1);
    }
    CHECK(groups->size() == 0);
    boost::asio::io_context context;
    run_until(context, [&] { return is_gone(pid_in(pid_file)); });
}

TEST_CASE("issue 025: a hung mount is asked once, whatever policies come") {
    const test::TemporaryDirectory directory;
    boost::asio::io_context context;
    const auto latch = std::make_shared<std::mutex>();
    const auto calls = std::make_shared<std::atomic<int>>(0);
    const auto back = std::make_shared<std::atomic<bool>>(false);
    const auto hung = std::make_shared<HungMounts>();
    const auto make = [&] {
        FilesystemOptions options;
        options.mountinfo = one_mount(directory);
        options.per_mount = Millis{20};
        const auto stat = [latch, calls, back](const char*, struct statvfs* out) {
            ++*calls;
            const std::lock_guard wait(*latch);
            *out = {};
            *back = true;
            return 0;
        };
        return make_filesystem_probe(context.get_executor(), options, stat, hung);
    };
    {
        const std::lock_guard closed(*latch);
        CHECK(gap_of(context, *make()) == "statfs gave no answer within 20 ms");
        for (int policies = 0; policies < 5; ++policies) {
            CHECK(gap_of(context, *make()) == "statfs does not return");
        }
        CHECK(*calls == 1);
    }
    run_until(context, [&] { return back->load() && hung->begin()->second(); });
    CHECK(gap_of(context, *make()).empty());
    CHECK(*calls == 2);
}

TEST_CASE(
    "issue 025: without a thread to ask with a mount is a gap, and is asked at the next look") {
    const test::TemporaryDirectory directory;
    boost::asio::io_context context;
    FilesystemOptions options;
    options.mountinfo = one_mount(directory);
    bool is_short = true;
    std::vector<std::jthread> threads;
    options.start_thread = [&](std::function<void()> body) {
        if (is_short) return EAGAIN;
        threads.emplace_back(std::move(body));
        return 0;
    };
    const auto hung = std::make_shared<HungMounts>();
    const auto probe = make_filesystem_probe(
        context.get_executor(), options,
        [](const char*, struct statvfs* out) {
            *out = {};
            return 0;
        },
        hung);
    CHECK(gap_of(context, *probe) == "no thread to ask with: Resource temporarily unavailable");
    CHECK(hung->empty());
    is_short = false;
    CHECK(gap_of(context, *probe).empty());
}

TEST_CASE("issue 025: a thread whose look was given up asks no further and tells nobody") {
    const test::TemporaryDirectory directory;
    boost::asio::io_context context;
    int asked = 0;
    std::function<void()> thread;
    FilesystemOptions options;
    options.mountinfo = one_mount(directory);
    options.per_mount = Millis{0};
    options.start_thread = [&](std::function<void()> body) {
        thread = std::move(body);
        return 0;
    };
    const auto stat = [&asked](const char*, struct statvfs*) {
        ++asked;
        return 0;
    };
    const auto probe = make_filesystem_probe(context.get_executor(), options, stat,
                                             std::make_shared<HungMounts>());
    {
        // The look's own loop ends in the middle of it; the one that is told stays, to be watched.
        boost::asio::io_context looks;
        boost::asio::co_spawn(looks, look(probe.get()), boost::asio::detached);
        looks.poll();
        REQUIRE(thread);
        CHECK(context.run_one() == 1);
    }
    thread();
    CHECK(asked == 0);
    context.restart();
    CHECK(context.poll() == 0);
}
