// Policies were accepted that no agent took (an id of 80 bytes), or that could never fire (a
// misspelt metric, 90 for 0.9): files, API and agents each had rules of their own.
#include <catch2/catch.hpp>

#include "core/model/json.hpp"
#include "core/settings/policy_file.hpp"

using namespace gantry;

namespace {

Result<Policy> from_yaml(const std::string& text) {
    auto document = settings::Document::parse(text, "p.yaml");
    if (!document) return document.error();
    return settings::read_policy(*document);
}

// One check as flow YAML, which JSON is, too.
struct Refusal {
    const char* check;
    const char* says;
};

const std::string k_long_id(80, 'x');

const Refusal k_refusals[]{
    {R"({"id": "", "probe": "cpu"})", "must have 1 to 63 bytes"},
    {R"({"id": "a", "probe": "cpus"})", "cpus"},
    {R"({"id": "a", "probe": "cpu", "metric": "system.cpu.utilisation"})",
     "must be one of the probe \"cpu\", not \"system.cpu.utilisation\"; did you mean "
     "\"system.cpu.utilization\"?"},
    {R"({"id": "a", "probe": "memory", "metric": "system.cpu.utilization"})",
     "must be one of the probe \"memory\""},
    {R"({"id": "a", "probe": "filesystem", "critical": 90})",
     "must be from 0 to 1: the metric is a ratio"},
    {R"({"id": "a", "probe": "cpu", "warning": 0.9, "clear_warning": -0.1})",
     "must be from 0 to 1"},
    {R"({"id": "a", "probe": "load", "warning": 9, "critical": 8})",
     "must not lie above \"critical\""},
    {R"({"id": "a", "probe": "load", "critical": 8, "clear_critical": 9})",
     "must not lie above \"critical\""},
    {R"({"id": "a", "probe": "load", "needed": 3, "window": 2})",
     "must be from 1 to \"window\", 2"},
    {R"({"id": "a", "probe": "process"})", "is needed by a check of \"system.process.count\""},
    {R"({"id": "a", "probe": "unit", "metric": "systemd.unit.active"})",
     "is needed by a check of \"systemd.unit.active\""},
    {R"({"id": "a", "probe": "cpu", "command": ["/bin/true"]})", "is only for the probe"},
    {R"({"id": "a", "probe": "plugin"})", "is needed by a check of the probe \"plugin\""},
    {R"({"id": "a", "probe": "plugin", "command": ["check_ntp"]})", "an absolute path"},
    {R"({"id": "a", "probe": "plugin", "command": ["/x"], "critical": 1})", "which judges itself"},
};

}  // namespace

TEST_CASE("issue 013: files and the API refuse the same, with the same words") {
    for (const Refusal& refusal : k_refusals) {
        CAPTURE(refusal.check);
        const auto yaml = from_yaml("name: p\nchecks:\n- " + std::string(refusal.check) + "\n");
        REQUIRE_FALSE(yaml.has_value());
        CHECK(yaml.error().message.find(refusal.says) != std::string::npos);
        const auto json =
            decode_policy(R"({"name":"p","checks":[)" + std::string(refusal.check) + "]}", "p");
        REQUIRE_FALSE(json.has_value());
        CHECK(json.error().message.find(refusal.says) != std::string::npos);
    }
}

TEST_CASE("issue 013: the bounds of an agent are the bounds of everybody") {
    const auto yaml_of = [](const std::string& id, int count) {
        std::string text = "name: p\nchecks:\n";
        for (int i = 0; i < count; ++i) {
            text += "- {id: " + id + std::to_string(i) + ", probe: load}\n";
        }
        return from_yaml(text);
    };
    CHECK_FALSE(yaml_of(k_long_id, 1).has_value());
    CHECK_FALSE(yaml_of("a", 501).has_value());
    const auto largest = yaml_of(std::string(60, 'x'), 500);
    REQUIRE(largest.has_value());
    CHECK(decode_policy(to_json(*largest), "p", PolicyRules::runner).has_value());
    const std::string json = R"({"checks":[{"id":")" + k_long_id + R"(","probe":"load"}]})";
    for (const PolicyRules rules : {PolicyRules::author, PolicyRules::runner}) {
        const auto refused = decode_policy(json, "p", rules);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().message == "p.checks[0].id must have 1 to 63 bytes");
    }
}

TEST_CASE("issue 013: a check without a rhythm of its own has the policy's, in files as well") {
    const auto yaml = from_yaml(
        "name: p\nchecks:\n- {id: a, probe: load}\n- {id: b, probe: load, every_s: 5}\n"
        "interval_s: 60\n");
    REQUIRE(yaml.has_value());
    CHECK(yaml->checks[0].every == Millis{60'000});
    CHECK(yaml->checks[1].every == Millis{5'000});
    const auto json =
        decode_policy(R"({"interval_s":60,"checks":[{"id":"a","probe":"load"}]})", "p");
    REQUIRE(json.has_value());
    CHECK(json->checks[0].every == Millis{60'000});
}

TEST_CASE("issue 013: every metric of every probe may be named, with limits of its kind") {
    for (const std::string& probe : probe_names()) {
        for (const ProbeMetric& metric : metrics_of(probe)) {
            CheckPolicy check;
            check.id = "a";
            check.probe = probe;
            check.metric = std::string(metric.name);
            check.include = {"x"};
            check.threshold.critical = metric.is_ratio ? 0.9 : 9e9;
            CAPTURE(probe, metric.name);
            CHECK(faults_of(check, PolicyRules::author).empty());
        }
    }
}
