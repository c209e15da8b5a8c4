#include "core/settings/policy_file.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::settings;

namespace {

Result<Policy> parse(std::string_view text) {
    auto document = Document::parse(text, "policy.yaml");
    if (!document) return document.error();
    return read_policy(*document);
}

std::string error_of(std::string_view check) {
    const auto policy =
        parse("name: p\nchecks:\n  - {id: a, probe: cpu, " + std::string(check) + "}\n");
    return policy ? "" : policy.error().message;
}

}  // namespace

TEST_CASE("policy file: seconds become durations and every key reaches the model") {
    const auto policy = parse(R"(
name: servers
interval_s: 30
checks:
  - id: space
    probe: filesystem
    metric: system.filesystem.utilization
    warning: 0.85
    critical: 0.95
    clear_warning: 0.82
    clear_critical: 0.92
    every_s: 60
    for_s: 120
    needed: 2
    window: 3
    include: ["/", "/var*"]
    exclude: ["/snap/*"]
    enabled: false
  - id: backup
    probe: plugin
    command: [/usr/lib/nagios/plugins/check_file_age, -f, /var/backup]
    timeout_s: 20
)");
    REQUIRE(policy);
    CHECK(policy->name == "servers");
    CHECK(policy->interval == Millis{30'000});
    REQUIRE(policy->checks.size() == 2);
    const CheckPolicy& space = policy->checks[0];
    CHECK(space.metric == "system.filesystem.utilization");
    CHECK(space.threshold.critical == 0.95);
    CHECK(space.threshold.clear_warning == 0.82);
    CHECK(space.every == Millis{60'000});
    CHECK(space.hold_for == Millis{120'000});
    CHECK(space.needed == 2);
    CHECK(space.window == 3);
    CHECK(space.include.size() == 2);
    CHECK_FALSE(space.enabled);
    CHECK(policy->checks[1].command.size() == 3);
    CHECK(policy->checks[1].timeout == Millis{20'000});
}

TEST_CASE("policy file: what cannot be meant is refused with its line") {
    CHECK(error_of("warning: 0.95, critical: 0.90") ==
          "policy.yaml:3: \"checks[0].warning\" must not lie above \"critical\"");
    CHECK(error_of("warning: 0.05, critical: 0.10, below: true") ==
          "policy.yaml:3: \"checks[0].warning\" must not lie below \"critical\"");
    CHECK(error_of("warning: 0.80, clear_warning: 0.85") ==
          "policy.yaml:3: \"checks[0].clear_warning\" must not lie above \"warning\"");
    CHECK(error_of("needed: 3, window: 2") ==
          "policy.yaml:3: \"checks[0].needed\" must be from 1 to \"window\", 2");
    CHECK(error_of("command: [x]") ==
          "policy.yaml:3: \"checks[0].command\" is only for the probe \"plugin\"");
    CHECK(error_of("warnin: 1") ==
          "policy.yaml:3: unknown key \"warnin\" under \"checks[0]\"; did you mean \"warning\"?");
    CHECK(error_of("every_s: 0") ==
          "policy.yaml:3: \"checks[0].every_s\" must be from 1 to 86400, not \"0\"");
}

TEST_CASE("policy file: ids are unique and the needed keys are named") {
    CHECK(parse("name: p\nchecks:\n- {id: a, probe: cpu}\n- {id: a, probe: load}\n")
              .error()
              .message == "policy.yaml:4: \"checks[1].id\" stands twice in this policy: \"a\"");
    CHECK(parse("checks:\n- {id: a}\n- {id: b, probe: plugin}\n").error().message ==
          "policy.yaml:1: key \"name\" is missing\n"
          "policy.yaml:2: key \"probe\" is missing under \"checks[0]\"\n"
          "policy.yaml:3: \"checks[1].command\" is needed by a check of the probe \"plugin\"");
}
