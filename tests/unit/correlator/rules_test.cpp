#include "correlator/rules/rules.hpp"

#include <catch2/catch.hpp>

#include "correlator/rules/compiled_rules.hpp"

using namespace gantry;
using namespace gantry::correlator;

namespace {

using Op = Matcher::Op;

CompiledRules compiled(std::vector<Matcher> match) {
    RuleSet rules;
    PromoteRule rule;
    rule.name = "r";
    rule.match = std::move(match);
    rules.promote = {rule};
    auto out = CompiledRules::compile(rules);
    REQUIRE(out);
    return std::move(out).value();
}

std::string refusal(const RuleSet& rules) {
    const auto checked = check_rules(rules);
    return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("rules: matchers look at severity, source, host, key and labels") {
    const LabelSet labels{{"environment", "production"}};
    const Subject subject{Severity::critical, "agent", "web01", "disk:/var", &labels};
    const auto holds = [&](std::string field, Op op, std::string value) {
        return compiled({{std::move(field), op, std::move(value)}}).first_match(subject) == 0;
    };
    CHECK(holds("severity", Op::equal, "critical"));
    CHECK_FALSE(holds("severity", Op::equal, "warning"));
    CHECK(holds("severity", Op::regex, "warning|critical"));
    CHECK(holds("source", Op::not_equal, "generic"));
    CHECK(holds("host", Op::regex, "web[0-9]+"));
    CHECK_FALSE(holds("host", Op::regex, "web"));
    CHECK(holds("key", Op::equal, "disk:/var"));
    CHECK(holds("environment", Op::equal, "production"));
    CHECK_FALSE(holds("environment", Op::not_regex, "prod.*"));
    // A missing label is an empty one.
    CHECK(holds("team", Op::equal, ""));
    CHECK(holds("team", Op::not_equal, "x"));
    CHECK(holds("team", Op::not_regex, ".+"));
    CHECK_FALSE(holds("team", Op::regex, ".+"));
}

TEST_CASE("rules: all matchers must hold and the first rule that matches wins") {
    RuleSet rules;
    rules.promote.resize(3);
    rules.promote[0].name = "both";
    rules.promote[0].match = {{"source", Op::equal, "agent"}, {"host", Op::equal, "db"}};
    rules.promote[1].name = "agent";
    rules.promote[1].match = {{"source", Op::equal, "agent"}};
    rules.promote[2].name = "db";
    rules.promote[2].match = {{"host", Op::equal, "db"}};
    const auto ready = CompiledRules::compile(rules);
    REQUIRE(ready);
    const auto match = [&](const char* source, const char* host) {
        return ready->first_match({Severity::info, source, host, "k", nullptr});
    };
    CHECK(match("agent", "db") == 0);
    CHECK(match("agent", "web") == 1);
    CHECK(match("generic", "db") == 2);
    CHECK(match("generic", "web") == -1);
    CHECK(ready->first_failing(0, {Severity::info, "agent", "web", "k", nullptr}) == 1);
    CHECK(CompiledRules::compile(RuleSet{})->first_match({}) == -1);
}

TEST_CASE("rules: the version is the content's hash") {
    const auto base = default_rules();
    CHECK(base.version == version_of(base));
    CHECK(version_of(base) == version_of(default_rules()));
    std::vector<RuleSet> others(11, base);
    others[0].reopen_window += Millis{1};
    others[1].alert_retention += Millis{1};
    others[2].promote[0].name += "!";
    others[3].promote[0].match[0].field = "key";
    others[4].promote[0].match[0].op = Op::not_equal;
    others[5].promote[0].match[0].value = "warning";
    others[6].promote[0].open = true;
    others[7].promote[1].impact = Level::high;
    others[8].promote[1].category = "x";
    others[9].promote[1].assignment_group = "x";
    others[10].promote[1].resolve_taken_over = true;
    for (const auto& other : others) CHECK(version_of(other) != base.version);
    auto swapped = base;
    std::swap(swapped.promote[0], swapped.promote[1]);
    CHECK(version_of(swapped) != base.version);
}

TEST_CASE("rules: matchers are read in Alertmanager's notation and written back") {
    const auto check = [](std::string_view text, const Matcher& wanted) {
        const auto matcher = parse_matcher(text);
        INFO(text);
        REQUIRE(matcher);
        CHECK(*matcher == wanted);
        CHECK(*parse_matcher(to_string(*matcher)) == wanted);
    };
    check("severity=info", {"severity", Op::equal, "info"});
    check(" severity = info ", {"severity", Op::equal, "info"});
    check("severity == info", {"severity", Op::equal, "info"});
    check("host!=\"a b\"", {"host", Op::not_equal, "a b"});
    check("host =~ \"web[0-9]+\"", {"host", Op::regex, "web[0-9]+"});
    check("host !~ x=y", {"host", Op::not_regex, "x=y"});
    check("k = \"a \\\"b\\\" \\\\ c\"", {"k", Op::equal, "a \"b\" \\ c"});
    check("host =~ \"a\\.b\"", {"host", Op::regex, "a\\.b"});
    check("team=", {"team", Op::equal, ""});
    for (const auto* bad : {"", "severity", "=x", " != x", "a ! b", "a = \"x"}) {
        INFO(bad);
        const auto matcher = parse_matcher(bad);
        REQUIRE_FALSE(matcher);
        CHECK(matcher.error().code == ErrorCode::invalid_input);
    }
}

TEST_CASE("rules: what cannot work is refused with the rule's name") {
    auto rules = default_rules();
    CHECK(refusal(rules).empty());
    SECTION("expression") {
        rules.promote[0].match.push_back({"host", Op::regex, "("});
        CHECK(refusal(rules).find("information is only recorded") != std::string::npos);
    }
    SECTION("severity") {
        rules.promote[0].match[0].value = "crit";
        CHECK(refusal(rules).find("\"crit\"") != std::string::npos);
    }
    SECTION("duplicate name") {
        rules.promote[1].name = rules.promote[0].name;
        CHECK(refusal(rules).find("twice") != std::string::npos);
    }
    SECTION("no name") {
        rules.promote[1].name.clear();
        CHECK(refusal(rules).find("no name") != std::string::npos);
    }
    SECTION("too many rules") {
        rules.promote.resize(k_max_promote_rules + 1);
        CHECK_FALSE(refusal(rules).empty());
    }
    SECTION("too many matchers") {
        rules.promote[0].match.resize(k_max_matchers_per_rule + 1, {"a", Op::equal, "b"});
        CHECK_FALSE(refusal(rules).empty());
    }
    SECTION("windows") {
        rules.reopen_window = Millis{-1};
        CHECK_FALSE(refusal(rules).empty());
        rules.reopen_window = k_max_reopen_window;
        CHECK_FALSE(refusal(rules).empty());  // longer than the retention
        rules.alert_retention = k_max_reopen_window;
        CHECK(refusal(rules).empty());
        rules.alert_retention = Millis{1};
        CHECK_FALSE(refusal(rules).empty());
    }
}
