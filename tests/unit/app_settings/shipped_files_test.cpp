// What ships in config/ is valid, says what the programs do, and is documented.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "app/agent/settings.hpp"
#include "app/defaults/defaults.hpp"
#include "app/gantryd/settings.hpp"
#include "core/settings/policy_file.hpp"
#include "correlator/rules/load_rules.hpp"
#include "tests/unit/app_settings/schema.hpp"

using namespace gantry;
using settings::Document;

namespace {

std::string path_of(const std::string& file) { return GANTRY_SOURCE_DIR "/" + file; }

std::string slurp(const std::string& file) {
    std::ifstream in(path_of(file));
    REQUIRE(in);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::optional<std::string> any_variable(const std::string& name) { return "value of " + name; }

Document open(const std::string& file) {
    auto document = Document::load(path_of(file), any_variable);
    if (!document) FAIL(document.error().message);
    return std::move(*document);
}

// Keys of values; sections themselves are no settings.
std::vector<std::string> leaves(const std::vector<std::string>& keys) {
    std::vector<std::string> out;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(out), [&](const std::string& key) {
        return std::none_of(keys.begin(), keys.end(), [&](const std::string& other) {
            return other.starts_with(key + ".") || other.starts_with(key + "[].");
        });
    });
    return out;
}

// The keys that one section of docs/settings.md lists: lines that begin with "| `key` |".
std::vector<std::string> documented_keys(const std::string& heading) {
    const std::string text = slurp("docs/settings.md");
    const std::size_t begin = text.find("\n## " + heading + "\n");
    REQUIRE(begin != std::string::npos);
    const std::size_t end = text.find("\n## ", begin + 1);
    std::istringstream lines(text.substr(begin, end == std::string::npos ? end : end - begin));
    std::vector<std::string> out;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| `")) continue;
        out.push_back(line.substr(3, line.find('`', 3) - 3));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

void check_valid(const std::string& schema, const std::string& file) {
    const auto document = open(file);
    CHECK(joined(test::schema_errors(slurp("config/schemas/" + schema), document.to_json())) == "");
}

}  // namespace

TEST_CASE("shipped: every file is valid by its JSON Schema") {
    check_valid("gantry.schema.json", "config/gantry.yaml");
    check_valid("gantry.schema.json", "config/examples/gantry-full.yaml");
    check_valid("agent.schema.json", "config/agent.yaml");
    check_valid("policy.schema.json", "config/policies/default.yaml");
    check_valid("rules.schema.json", "config/rules.yaml");
}

TEST_CASE("shipped: the schemas refuse what the programs refuse") {
    const std::string schema = slurp("config/schemas/gantry.schema.json");
    for (const char* bad :
         {R"({"lissen": 1})", R"({"server": {"max_connections": "many"}})",
          R"({"server": {"max_connections": 0}})", R"({"log": {"level": "loud"}})",
          R"({"journal": {"retention": "7"}})", R"({"connectors": [{"kind": "webhook"}]})",
          R"({"mail": {"require_tls": "yes"}})",
          R"({"connectors": [{"name": "a", "kind": "webhook", "url": "https://x"}]})",
          R"({"connectors": [{"name": "a", "kind": "webhook", "secret": "s"}]})",
          R"({"connectors": [{"name": "a", "kind": "webhook", "url": "https://x", "secret": ""}]})",
          R"({"connectors": [{"name": "a", "kind": "webhook", "url": "https://x",
              "secret": null}]})",
          R"({"connectors": [{"name": "a", "kind": "mail", "from": "a@b"}]})",
          R"({"connectors": [{"name": "a", "kind": "mail", "from": "a@b", "to": []}]})"}) {
        CAPTURE(bad);
        CHECK_FALSE(test::schema_errors(schema, bad).empty());
    }
}

TEST_CASE("shipped: reader, schema and docs/settings.md know the same keys of gantry.yaml") {
    auto full = open("config/examples/gantry-full.yaml");
    const auto read = app::read_settings(full);
    if (!read) FAIL(read.error().message);
    const auto known = full.known_keys();
    CHECK(known == test::schema_keys(slurp("config/schemas/gantry.schema.json")));
    CHECK(leaves(known) == documented_keys("gantryd: gantry.yaml"));
}

TEST_CASE("shipped: reader, schema and docs/settings.md know the same keys of agent.yaml") {
    auto document = open("config/agent.yaml");
    REQUIRE(app::read_agent_settings(document));
    const auto known = document.known_keys();
    CHECK(known == test::schema_keys(slurp("config/schemas/agent.schema.json")));
    CHECK(leaves(known) == documented_keys("gantry-agent: agent.yaml"));
}

TEST_CASE("shipped: reader, schema and docs/settings.md know the same keys of a policy") {
    auto document = open("config/policies/default.yaml");
    const auto policy = settings::read_policy(document);
    if (!policy) FAIL(policy.error().message);
    const auto known = document.known_keys();
    CHECK(known == test::schema_keys(slurp("config/schemas/policy.schema.json")));
    CHECK(leaves(known) == documented_keys("Policies"));
}

TEST_CASE("shipped: reader, schema and docs/settings.md know the same keys of rules") {
    auto document = open("config/rules.yaml");
    const auto rules = correlator::read_rules(document);
    if (!rules) FAIL(rules.error().message);
    CHECK(*rules == correlator::default_rules());
    const auto known = document.known_keys();
    CHECK(known == test::schema_keys(slurp("config/schemas/rules.schema.json")));
    CHECK(leaves(known) == documented_keys("Rules"));
}

TEST_CASE("shipped: gantry.yaml names every key outside lists, at the schema's default") {
    const auto schema = nlohmann::json::parse(slurp("config/schemas/gantry.schema.json"));
    const auto shipped = nlohmann::json::parse(open("config/gantry.yaml").to_json());
    for (const auto& [section, member] : schema["properties"].items()) {
        CAPTURE(section);
        REQUIRE(shipped.contains(section));
        if (!member.contains("properties")) continue;
        for (const auto& [key, leaf] : member["properties"].items()) {
            CAPTURE(key);
            REQUIRE(shipped[section].contains(key));
            const nlohmann::json fallback = leaf.contains("default") ? leaf["default"] : nullptr;
            CHECK(shipped[section][key] == fallback);
        }
    }
}

TEST_CASE("shipped: the default policy is built in, and is quiet by design") {
    auto document = Document::parse(app::default_policy_yaml(), "built-in policy");
    REQUIRE(document);
    const auto policy = settings::read_policy(*document);
    REQUIRE(policy);
    CHECK(policy->name == "default");
    std::set<std::string> probes;
    for (const CheckPolicy& check : policy->checks) {
        CAPTURE(check.id);
        probes.insert(check.probe);
        const Threshold& t = check.threshold;
        if (!check.enabled) continue;
        // A limit without a way back flaps, unless the check counts things.
        const bool counts = check.metric == "systemd.units.failed";
        if (t.warning && !counts) CHECK(t.clear_warning.value_or(*t.warning) < *t.warning);
        if (t.critical) CHECK(t.clear_critical.value_or(*t.critical) < *t.critical);
        if (check.metric.ends_with("utilization")) CHECK(t.warning.value_or(0) <= 1);
    }
    for (const char* probe : {"cpu", "memory", "swap", "load", "filesystem", "unit"}) {
        CHECK(probes.contains(probe));
    }
}
