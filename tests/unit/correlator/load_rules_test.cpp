#include "correlator/rules/load_rules.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/settings/reader.hpp"

using namespace gantry;
using namespace gantry::correlator;

namespace {

std::string error_of(std::string_view yaml) {
    const auto rules = parse_rules(yaml, "rules.yaml");
    return rules ? "" : rules.error().message;
}

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

// Keys of a draft-07 schema as Document::known_keys() writes them.
void collect(const nlohmann::json& schema, const std::string& prefix, std::set<std::string>& out) {
    for (const auto& [name, property] : schema.at("properties").items()) {
        const auto key = prefix + name;
        out.insert(key);
        if (property.contains("items") && property["items"].contains("properties")) {
            collect(property["items"], key + "[].", out);
        }
    }
}

}  // namespace

TEST_CASE("rules file: the shipped one says what Gantry does without a file") {
    const auto rules = load_rules("config/rules.yaml");
    INFO((rules ? "" : rules.error().message));
    REQUIRE(rules);
    CHECK(*rules == default_rules());
}

TEST_CASE("rules file: an empty one keeps the defaults") {
    const auto rules = parse_rules("", "rules.yaml");
    REQUIRE(rules);
    CHECK(*rules == default_rules());
    const auto window = parse_rules("reopen_window: 1h\n", "rules.yaml");
    REQUIRE(window);
    CHECK(window->reopen_window == Millis{3'600'000});
    CHECK(window->promote == default_rules().promote);
    CHECK(window->version != default_rules().version);
}

TEST_CASE("rules file: every key reaches the rule set") {
    const auto rules = parse_rules(R"(
reopen_window: 10m
alert_retention: 2d
promote:
  - name: databases
    match: ["severity = critical", 'host =~ "db[0-9]+"']
    open: false
    impact: high
    category: database
    assignment_group: dba
    resolve_taken_over: true
  - name: rest
)",
                                   "rules.yaml");
    REQUIRE(rules);
    CHECK(rules->reopen_window == Millis{600'000});
    CHECK(rules->alert_retention == Millis{2 * 86'400'000LL});
    REQUIRE(rules->promote.size() == 2);
    const auto& rule = rules->promote[0];
    CHECK(rule.name == "databases");
    REQUIRE(rule.match.size() == 2);
    CHECK(rule.match[1] == Matcher{"host", Matcher::Op::regex, "db[0-9]+"});
    CHECK_FALSE(rule.open);
    CHECK(rule.impact == Level::high);
    CHECK(rule.category == "database");
    CHECK(rule.assignment_group == "dba");
    CHECK(rule.resolve_taken_over);
    CHECK(rules->promote[1].open);
    CHECK(rules->version == version_of(*rules));
}

TEST_CASE("rules file: errors name file, line and the nearest key") {
    CHECK(contains(error_of("reopen_windw: 1h\n"), "rules.yaml:1"));
    CHECK(contains(error_of("reopen_windw: 1h\n"), "reopen_window"));
    CHECK(contains(error_of("reopen_window: 31d\n"), "rules.yaml:1"));
    CHECK(contains(error_of("alert_retention: 1m\n"), "rules.yaml:1"));
    CHECK(contains(error_of("reopen_window: 2d\nalert_retention: 1d\n"), "rules.yaml:2"));
    CHECK(contains(error_of("promote:\n  - open: true\n"), "name"));
    CHECK(contains(error_of("promote:\n  - name: a\n  - name: a\n"), "rules.yaml:3"));
    CHECK(contains(error_of("promote:\n  - name: a\n    impact: huge\n"), "rules.yaml:3"));
    CHECK(contains(error_of("promote:\n  - name: a\n    match: [nonsense]\n"), "rules.yaml:3"));
    CHECK(contains(error_of("promote:\n  - name: a\n    match: ['host =~ (']\n"), "rules.yaml:3"));
    CHECK(contains(error_of("promote:\n  - name: a\n    match: ['severity = crit']\n"), "crit"));
    CHECK(contains(error_of("promote: {name: a}\n"), "rules.yaml:1"));
    const auto missing = load_rules("config/no-such-rules.yaml");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("rules file: the schema knows exactly the keys that are read") {
    auto document =
        settings::Document::parse("promote:\n  - name: a\n    match: ['a = b']\n", "rules.yaml");
    REQUIRE(document);
    REQUIRE(read_rules(*document));
    std::ifstream file("config/schemas/rules.schema.json");
    const auto schema = nlohmann::json::parse(file);
    std::set<std::string> in_schema;
    collect(schema, "", in_schema);
    const auto known = document->known_keys();
    CHECK(in_schema == std::set<std::string>(known.begin(), known.end()));
}
