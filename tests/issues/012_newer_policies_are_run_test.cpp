// An agent refused a whole policy for one key that it did not know, so after an upgrade of the
// server the older agents kept the policy of before, and said so at every report.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "agent/monitor/monitor.hpp"
#include "agent/policy/policy_store.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

constexpr const char* k_newer = R"({"name":"newer","schedule":{"night":[1,2]},"checks":[
    {"id":"memory","probe":"memory","critical":0.9,"learn":true},
    {"id":"gpu","probe":"gpu","critical":0.9},
    {"id":"psi","probe":"memory","metric":"system.memory.pressure","critical":0.9}]})";

// The monitor over captured files, on which every look is made by hand.
struct Stage : test::SpoolFixture {
    boost::asio::io_context context;
    telemetry::Log log = telemetry::Log::silent();
    std::unique_ptr<Monitor> monitor;

    Stage() {
        REQUIRE(open().has_value());
        std::filesystem::create_directories(directory.path() + "/proc");
        std::ofstream(directory.path() + "/proc/meminfo")
            << "MemTotal: 1000 kB\nMemAvailable: 50 kB\n";
        std::ofstream(directory.path() + "/proc/stat") << "cpu  1 1 1 1\ncpu0 1 1 1 1\n";
        Platform platform;
        platform.proc = directory.path() + "/proc";
        MonitorParts parts{*spool, clock, log, platform, [] {}, Millis{0}};
        monitor = std::make_unique<Monitor>(context.get_executor(), std::move(parts));
    }
    ~Stage() {
        monitor->stop();
        settle();
    }
    void settle() {
        context.restart();
        while (context.poll() > 0) {
        }
    }
    std::map<std::string, CheckState> told() const {
        std::map<std::string, CheckState> out;
        const auto report = spool->next_report(1 << 20);
        for (const ReportRecord& record : report->records) {
            if (record.kind == RecordKind::state) out[record.states[0].check] = record.states[0];
        }
        return out;
    }
};

}  // namespace

TEST_CASE("issue 012: keys that an agent does not know are passed over") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.path() + "/policy.json";
    PolicyStore store(path);
    REQUIRE(store.adopt(k_newer, "p9").has_value());
    CHECK(store.current().name == "newer");
    CHECK(store.current().checks.size() == 3);
    PolicyStore again(path);
    REQUIRE(again.load().has_value());
    CHECK(again.current().etag == "p9");
    // What cannot be run at all is refused still, and nothing changes.
    for (const char* broken :
         {R"({"checks":[{"id":"","probe":"cpu"}]})", R"({"checks":[{"id":"x"}]})",
          R"({"checks":[{"id":"x","probe":"cpu","needed":3,"window":2}]})",
          R"({"checks":[{"id":"x","probe":"plugin"}]})", R"({"checks":7})", "not JSON"}) {
        const auto refused = store.adopt(broken, "p10");
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == ErrorCode::invalid_input);
        CHECK(store.current().etag == "p9");
    }
}

TEST_CASE("issue 012: a check of an unknown probe or metric is unknown, the others run") {
    Stage stage;
    PolicyStore store(stage.directory.path() + "/policy.json");
    REQUIRE(store.adopt(k_newer, "p9").has_value());
    for (int looks = 0; looks < 3; ++looks) {
        stage.monitor->use(store.current());
        if (looks == 0) {
            boost::asio::co_spawn(stage.context, stage.monitor->run(), boost::asio::detached);
        }
        stage.settle();
        stage.clock.advance(Millis{15'000});
    }
    const auto told = stage.told();
    for (const auto& [check, state] : told) UNSCOPED_INFO(check << ": " << state.summary);
    REQUIRE(told.size() == 3);
    CHECK(told.at("memory").condition == Condition::critical);
    CHECK(told.at("gpu").condition == Condition::unknown);
    CHECK(told.at("gpu").summary.find("no probe is called \"gpu\"") != std::string::npos);
    CHECK(told.at("psi").condition == Condition::unknown);
    CHECK(told.at("psi").summary.find("has no metric system.memory.pressure") != std::string::npos);
}
