// check-config reads files as their owners do, without a server.
#include <catch2/catch.hpp>
#include <fstream>

#include "cli_world.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct Checked {
    int code;
    std::string out;
    std::string err;
};

Checked check(const std::string& text, std::vector<std::string> more = {}) {
    TemporaryDirectory directory;
    const std::string file = directory.file("file.yaml");
    std::ofstream(file) << text;
    CliWorld world;
    world.variables.clear();
    std::vector<std::string> words{"check-config", file};
    words.insert(words.end(), more.begin(), more.end());
    const int code = world.run(words);
    CHECK(world.script.asked.empty());
    return {code, world.out, world.err};
}

}  // namespace

TEST_CASE("check-config: the shipped files are good, each as what it is") {
    CliWorld world;
    world.variables.clear();
    for (const auto& [file, kind] : std::vector<std::pair<std::string, std::string>>{
             {"config/gantry.yaml", "gantryd settings"},
             {"config/agent.yaml", "agent settings"},
             {"config/rules.yaml", "rules"},
             {"config/policies/default.yaml", "a policy"}}) {
        CAPTURE(file);
        CHECK(world.run({"check-config", file}) == 0);
        CHECK(world.out == file + ": good, as " + kind + "\n");
    }
}

TEST_CASE("check-config: a misspelt key is named with file, line and the nearest one") {
    const auto checked = check("server:\n  lissen: 127.0.0.1:1\n");
    CHECK(checked.code == 1);
    CHECK(checked.out.empty());
    CHECK(checked.err.find("file.yaml:2: unknown key \"lissen\"") != std::string::npos);
    CHECK(checked.err.find("did you mean \"listen\"?") != std::string::npos);
}

TEST_CASE(
    "check-config: a webhook without a secret is told with file, line and key, as at a start") {
    const auto checked = check("connectors:\n  - name: a\n    kind: webhook\n    url: https://x\n");
    CHECK(checked.code == 1);
    CHECK(checked.err.find("file.yaml:2: key \"secret\" is missing under \"connectors[0]\"") !=
          std::string::npos);
    const auto empty = check(
        "connectors:\n  - {name: a, kind: webhook, url: \"https://x\",\n     secret: \"\"}\n");
    CHECK(empty.code == 1);
    CHECK(empty.err.find("file.yaml:3: \"connectors[0].secret\"") != std::string::npos);
}

TEST_CASE("check-config: the kind is found by the keys, or told") {
    CHECK(check("server: https://host:8443\n").out.find("agent settings") != std::string::npos);
    CHECK(check("reopen_window: 5m\n").out.find("rules") != std::string::npos);
    CHECK(check("name: x\nchecks:\n  - {id: a, probe: cpu, metric: system.cpu.utilization}\n")
              .out.find("a policy") != std::string::npos);
    CHECK(check("reopen_window: 5m\n", {"--kind", "gantry"}).code == 1);
    CHECK(check("", {"--kind", "agent"}).code == 0);
}

TEST_CASE("check-config: the rules that gantry.yaml names are read too") {
    TemporaryDirectory directory;
    std::ofstream(directory.file("gantry.yaml")) << "correlator:\n  rules_file: rules.yaml\n";
    std::ofstream(directory.file("rules.yaml")) << "reopen_windw: 5m\n";
    CliWorld world;
    CHECK(world.run({"check-config", directory.file("gantry.yaml")}) == 1);
    CHECK(world.err.find("rules.yaml:1") != std::string::npos);
}

TEST_CASE("check-config: --json says the same for scripts") {
    const auto checked = check("reopen_windw: 5m\npromote: []\n", {"--json"});
    CHECK(checked.code == 1);
    const json verdict = json::parse(checked.out);
    CHECK(verdict["ok"] == false);
    CHECK(verdict["kind"] == "rules");
    CHECK(verdict["errors"].get<std::string>().find("reopen_windw") != std::string::npos);
}

TEST_CASE("check-config: a file that is not there or no YAML is told as such") {
    CliWorld world;
    CHECK(world.run({"check-config", "/nowhere/x.yaml"}) == 5);
    CHECK(check("a: [1\n").code == 1);
}
