// The agent's state directory and status file.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "agent/uplink/identity.hpp"
#include "app/agent/commands.hpp"
#include "app/agent/status_file.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::app;
using nlohmann::json;

namespace {

AgentSettings in_directory(const std::string& path) {
    AgentSettings settings;
    settings.state_directory = path;
    return settings;
}

int mode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

AgentStatus busy() {
    AgentStatus status;
    status.policy = "servers";
    status.policy_etag = "00ff";
    status.problem = "connection refused";
    status.acknowledged_at = from_ms(1'764'000'000'000);
    status.clock_skew_ms = -1'500;
    status.ignored_instances = 3;
    status.spool.epoch = 2;
    status.spool.last_seq = 50;
    status.spool.acked_seq = 44;
    status.spool.states = 4;
    status.spool.samples = 2;
    status.spool.bytes = 8'192;
    status.spool.dropped = {{RecordKind::sample, "spool full", 12}};
    status.conditions = {
        {"cpu", "", Condition::ok, Condition::warning, "fine", {}},
        {"filesystem", "/var", Condition::critical, Condition::ok, "/var is 99 % full", {}}};
    return status;
}

// Runs a command of the agent; what it printed.
struct Printed {
    int code = 0;
    std::string out;
    std::string err;
};
Printed status_of(const AgentSettings& settings, bool as_json) {
    std::ostringstream out;
    std::ostringstream err;
    auto* const before_out = std::cout.rdbuf(out.rdbuf());
    auto* const before_err = std::cerr.rdbuf(err.rdbuf());
    const int code = agent_status(settings, as_json);
    std::cout.rdbuf(before_out);
    std::cerr.rdbuf(before_err);
    return {code, out.str(), err.str()};
}

void enrol(const StatePaths& paths) {
    agent::Identity identity;
    identity.agent_id = "agent-7";
    identity.credential = Redacted<std::string>("hunter2");
    identity.server = "https://gantry.example.com";
    identity.organisation = "acme";
    identity.site = "berlin";
    identity.role = "server";
    REQUIRE(agent::save_identity(paths.identity, identity));
}

}  // namespace

TEST_CASE("state paths: all files are in the state directory, under names of their own") {
    const StatePaths paths(in_directory("/srv/agent"));
    std::set<std::string> all{paths.identity, paths.policy, paths.status, paths.ca};
    CHECK(all.size() == 4);
    for (const std::string& path : all) CHECK(path.starts_with("/srv/agent/"));
}

TEST_CASE("state directory: it is made with its parents, private, and made again without harm") {
    const test::TemporaryDirectory directory;
    const auto before = ::umask(0);
    for (const std::string& path : {directory.file("a/b/c"), directory.file("d//e/")}) {
        const StatePaths paths(in_directory(path));
        CHECK(make_state_directory(paths));
        CHECK(make_state_directory(paths));
        CHECK(mode_of(path) == 0700);
    }
    ::umask(before);
}

TEST_CASE("state directory: a relative one is made too, short names included") {
    const test::TemporaryDirectory directory;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    for (const char* path : {"x", "a/b", "state/agent"}) {
        CAPTURE(path);
        CHECK(make_state_directory(StatePaths(in_directory(path))));
        CHECK(mode_of(path) == 0700);
    }
    std::filesystem::current_path(before);
}

TEST_CASE("state directory: where it cannot be made, the error names the place") {
    const test::TemporaryDirectory directory;
    std::ofstream(directory.file("file")) << "x";
    for (const std::string& path :
         {directory.file("file/state"), directory.file("file"), std::string("/proc/gantry/x")}) {
        CAPTURE(path);
        const auto made = make_state_directory(StatePaths(in_directory(path)));
        REQUIRE_FALSE(made);
        CHECK(made.error().code == ErrorCode::unavailable);
        CHECK(made.error().message.find(path.substr(0, 12)) != std::string::npos);
    }
}

TEST_CASE("status file: it says how the agent is, without the checks that are ok") {
    const json status = json::parse(encode_status(busy(), from_ms(1'764'000'060'000)));
    CHECK(status["written_at"] == "2025-11-24T16:01:00.000Z");
    CHECK(status["acknowledged_at"] == "2025-11-24T16:00:00.000Z");
    CHECK(status["problem"] == "connection refused");
    CHECK(status["policy"] == "servers");
    CHECK(status["policy_etag"] == "00ff");
    CHECK(status["clock_skew_ms"] == -1'500);
    CHECK(status["ignored_instances"] == 3);
    CHECK(status["spool"]["epoch"] == 2);
    CHECK(status["spool"]["acked_seq"] == 44);
    CHECK(status["spool"]["dropped"] ==
          json::parse(R"([{"kind":"sample","reason":"spool full","count":12}])"));
    REQUIRE(status["conditions"].size() == 1);
    CHECK(status["conditions"][0] == json{{"check", "filesystem"},
                                          {"instance", "/var"},
                                          {"condition", "critical"},
                                          {"summary", "/var is 99 % full"}});
}

TEST_CASE("status file: an agent that was never answered says so") {
    CHECK(json::parse(encode_status({}, from_ms(5)))["acknowledged_at"] == "never");
}

TEST_CASE("status file: text that is no UTF-8 does not spoil it") {
    AgentStatus status = busy();
    status.problem = "bad \xff byte";
    status.conditions[1].instance = "/mnt/\xc3";
    CHECK(json::parse(encode_status(status, {}), nullptr, false).is_object());
}

TEST_CASE("agent status: not enrolled is said, with the file that is missing") {
    const test::TemporaryDirectory directory;
    const auto printed = status_of(in_directory(directory.path()), false);
    CHECK(printed.code == 1);
    CHECK(printed.out.empty());
    CHECK(printed.err.find(directory.file("identity.json")) != std::string::npos);
}

TEST_CASE("agent status: enrolled but not yet run, and then running") {
    const test::TemporaryDirectory directory;
    const auto settings = in_directory(directory.path());
    const StatePaths paths(settings);
    enrol(paths);
    auto printed = status_of(settings, false);
    CHECK(printed.code == 0);
    CHECK(printed.out.find("agent-7") != std::string::npos);
    CHECK(printed.out.find("acme, berlin, server") != std::string::npos);
    CHECK(printed.out.find("has not run yet") != std::string::npos);
    std::ofstream(paths.status) << encode_status(busy(), from_ms(1'764'000'060'000));
    printed = status_of(settings, false);
    CHECK(printed.code == 0);
    CHECK(printed.out.find("/var is 99 % full") != std::string::npos);
    CHECK(printed.out.find("connection refused") != std::string::npos);
    CHECK(printed.out.find("12 sample: spool full") != std::string::npos);
    const auto as_json = status_of(settings, true);
    CHECK(json::parse(as_json.out)["agent_id"] == "agent-7");
    CHECK(json::parse(as_json.out)["spool"]["states"] == 4);
    CHECK((printed.out + as_json.out).find("hunter2") == std::string::npos);
}

TEST_CASE("agent status: a status file that is damaged or of another version stops nothing") {
    const test::TemporaryDirectory directory;
    const auto settings = in_directory(directory.path());
    const StatePaths paths(settings);
    enrol(paths);
    for (const char* text : {"", "{", "[]", "{}", R"({"spool":{}})", R"({"spool":7})",
                             R"({"spool":{"states":1},"conditions":[{}]})"}) {
        CAPTURE(text);
        std::ofstream(paths.status) << text;
        Printed printed;
        CHECK_NOTHROW(printed = status_of(settings, false));
        CHECK(printed.code == 0);
        CHECK_NOTHROW(printed = status_of(settings, true));
        CHECK(json::parse(printed.out)["agent_id"] == "agent-7");
    }
}
