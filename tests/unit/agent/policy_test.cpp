#include <catch2/catch.hpp>
#include <fstream>

#include "agent/monitor/selection.hpp"
#include "agent/policy/policy_store.hpp"
#include "core/model/json.hpp"
#include "core/settings/policy_file.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::test::TemporaryDirectory;

TEST_CASE("policy: the built-in one is what config/policies/default.yaml enables") {
    auto shipped = settings::load_policy("config/policies/default.yaml");
    REQUIRE(shipped.has_value());
    std::erase_if(shipped->checks, [](const CheckPolicy& check) { return !check.enabled; });
    CHECK(to_json(builtin_policy()) == to_json(*shipped));
}

TEST_CASE("policy: without a cache the built-in one runs, a bad cache changes nothing") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/policy.json";
    PolicyStore store(path);
    CHECK(store.load().error().code == ErrorCode::not_found);
    CHECK(to_json(store.current()) == to_json(builtin_policy()));
    std::ofstream(path) << "{\"checks\": 7";
    CHECK_FALSE(store.load().has_value());
    CHECK(to_json(store.current()) == to_json(builtin_policy()));
}

TEST_CASE("policy: what the server sends is cached with its etag and survives a restart") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/policy.json";
    PolicyStore store(path);
    REQUIRE(store
                .adopt(R"({"name":"servers","checks":[{"id":"ssh","probe":"unit",)"
                       R"("include":["ssh.service"]}]})",
                       "abc")
                .has_value());
    CHECK(store.current().etag == "abc");
    CHECK_FALSE(store.adopt(R"({"checks":[{"id":"x","probe":7}]})", "def").has_value());
    CHECK(store.current().etag == "abc");
    PolicyStore again(path);
    REQUIRE(again.load().has_value());
    CHECK(again.current().name == "servers");
    CHECK(again.current().etag == "abc");
    CHECK(again.current().checks.at(0).include == std::vector<std::string>{"ssh.service"});
}

TEST_CASE("selection: a check looks at its own metric and instances, gaps included") {
    CheckPolicy check;
    check.probe = "filesystem";
    check.exclude = {"/run/*"};
    Measurement measured;
    measured.readings = {{"system.filesystem.utilization", "/", 0.5},
                         {"system.filesystem.utilization", "/run/x", 0.9},
                         {"system.filesystem.usage", "/", 1e9}};
    measured.gaps = {{"/nfs", "statfs does not return"}, {"/run/y", "the same"}};
    const Look look = look_of(check, measured);
    REQUIRE(look.instances.size() == 2);
    CHECK(*look.instances.at("/").value == 0.5);
    CHECK(look.instances.at("/nfs").reason == "statfs does not return");
    CHECK(look_of(check, fail(ErrorCode::unavailable, "why")).failure == "why");
}

TEST_CASE("selection: process patterns are instances, plain unit names mean services") {
    CheckPolicy process;
    process.probe = "process";
    process.include = {"ssh*"};
    Measurement measured;
    measured.readings = {{"system.process.count", "ssh*", 2}, {"system.process.count", "ng*", 1}};
    CHECK(look_of(process, measured).instances.size() == 1);
    CheckPolicy unit;
    unit.probe = "unit";
    unit.include = {"ssh"};
    measured.readings = {{"systemd.unit.active", "ssh.service", 1},
                         {"systemd.unit.active", "cron.service", 1},
                         {"systemd.units.failed", "", 3}};
    CHECK(look_of(unit, measured).instances.size() == 1);
    unit.include.clear();
    CHECK(*look_of(unit, measured).instances.at("").value == 3);
}

TEST_CASE("selection: samples are what checks judge; a plugin's readings carry its check") {
    CheckPolicy cpu;
    cpu.id = "cpu";
    cpu.probe = "cpu";
    Measurement measured;
    measured.readings = {{"system.cpu.utilization", "", 0.5}, {"system.cpu.iowait", "", 0.1}};
    std::vector<Reading> out;
    append_samples({cpu}, measured, out);
    REQUIRE(out.size() == 1);
    CheckPolicy plugin;
    plugin.id = "ntp";
    plugin.probe = "plugin";
    measured.readings = {{"plugin.offset", "", 0.5}};
    measured.verdict = {{Condition::ok, "fine"}};
    append_samples({plugin}, measured, out);
    CHECK(out.back().instance == "ntp");
    CHECK(look_of(plugin, measured).instances.at("").verdict == Condition::ok);
}

TEST_CASE("selection: checks of a probe share one object, plugins have their own") {
    Policy policy;
    for (const char* probe : {"cpu", "plugin", "cpu", "plugin", "memory"}) {
        CheckPolicy check;
        check.id = probe + std::to_string(policy.checks.size());
        check.probe = probe;
        policy.checks.push_back(check);
    }
    policy.checks.back().enabled = false;
    const auto groups = group_by_probe(policy);
    REQUIRE(groups.size() == 3);
    CHECK(groups[0].checks.size() == 2);
}
