// The explanation of a recovery named the wrong reason why rules were passed over: it asked them
// about the recovery's severity and labels, the decision was made about the alert's.
#include <catch2/catch.hpp>

#include "correlator/explain/explain.hpp"
#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("issue 024: a recovery is explained without reasons that did not count") {
    CorrelatorWorld world;
    world.fold({firing("db")});
    auto recovery = recovered("db");  // severity info, no labels
    const auto decision = world.step(recovery);
    REQUIRE(decision.outcome == Outcome::incident_resolved);
    REQUIRE(decision.rule_index == 1);
    const auto told = correlator::explain(decision, recovery, correlator::default_rules(), {});
    CHECK(told.rules_tried.empty());
    CHECK(told.rule == "critical and warnings");
    CHECK(told.text().find("did not match") == std::string::npos);
}

TEST_CASE("issue 024: an agent's event, which carries no host, is judged by its asset's name") {
    correlator::RuleSet rules;
    correlator::PromoteRule web;
    web.name = "web";
    web.match = {{"host", correlator::Matcher::Op::equal, "web01"},
                 {"source", correlator::Matcher::Op::equal, "other"}};
    rules.promote = {web};
    rules.version = correlator::version_of(rules);
    auto event = firing("disk", Severity::critical, "");
    event.asset = AssetId{3};
    Decision decision;
    decision.rules_version = rules.version;
    decision.promote = PromoteReason::rule_records_only;
    decision.rule_index = -1;
    const auto told = correlator::explain(decision, event, rules, {"web01", 0});
    REQUIRE(told.rules_tried.size() == 1);
    CHECK(told.rules_tried[0].failed_matcher == "source=\"other\"");
}
