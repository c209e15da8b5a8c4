// docs/api/openapi.yaml says what the routing table does, and nothing else.
#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <set>

#include "console/api/routes.hpp"
#include "core/base/text.hpp"

using namespace gantry;

namespace {

const YAML::Node& document() {
    static const YAML::Node node = YAML::LoadFile("docs/api/openapi.yaml");
    return node;
}

// Endpoints of the collector, which are not in the console's table.
const std::set<std::string> k_elsewhere{"POST /agent/enrol", "POST /agent/report",
                                        "GET /agent/policy", "POST /intake/generic"};

std::set<std::string> documented() {
    std::set<std::string> out;
    for (const auto& path : document()["paths"]) {
        for (const auto& operation : path.second) {
            const auto method = operation.first.as<std::string>();
            if (method == "parameters") continue;
            std::string upper;
            for (const char c : method) upper += static_cast<char>(c - 'a' + 'A');
            out.insert(upper + " " + path.first.as<std::string>());
        }
    }
    return out;
}

YAML::Node operation_of(const console::Route& route) {
    return document()["paths"][route.pattern][to_lower_ascii(route.method)];
}

YAML::Node resolved(YAML::Node node) {
    if (!node["$ref"]) return node;
    auto reference = node["$ref"].as<std::string>();
    YAML::Node at;
    at.reset(document());
    REQUIRE(reference.substr(0, 2) == "#/");
    for (std::size_t begin = 2; begin < reference.size();) {
        const std::size_t end = std::min(reference.find('/', begin), reference.size());
        at.reset(at[reference.substr(begin, end - begin)]);
        INFO(reference);
        REQUIRE(at.IsDefined());
        begin = end + 1;
    }
    return at;
}

std::vector<std::string> parameters_of(const YAML::Node& node, const std::string& place) {
    std::vector<std::string> out;
    for (const YAML::Node& parameter : node["parameters"]) {
        const YAML::Node described = resolved(parameter);
        if (described["in"].as<std::string>() != place) continue;
        out.push_back(described["name"].as<std::string>());
    }
    return out;
}

// Every $ref in the document leads somewhere.
void check_references(const YAML::Node& node) {
    if (node.IsMap()) {
        if (node["$ref"] && node["$ref"].IsScalar()) (void)resolved(node);
        for (const auto& member : node) check_references(member.second);
    } else if (node.IsSequence()) {
        for (const auto& item : node) check_references(item);
    }
}

}  // namespace

TEST_CASE("openapi: it documents every route, and none that does not exist") {
    std::set<std::string> routed = k_elsewhere;
    for (const auto& route : console::routes()) routed.insert(route.method + " " + route.pattern);
    CHECK(documented() == routed);
}

TEST_CASE("openapi: each operation names the parameters that its route takes") {
    for (const auto& route : console::routes()) {
        CAPTURE(route.method, route.pattern);
        auto query = parameters_of(operation_of(route), "query");
        auto wanted = route.query;
        std::sort(query.begin(), query.end());
        std::sort(wanted.begin(), wanted.end());
        CHECK(query == wanted);
        const auto own = parameters_of(operation_of(route), "path");
        const auto shared = parameters_of(document()["paths"][route.pattern], "path");
        const auto braces = std::count(route.pattern.begin(), route.pattern.end(), '{');
        CHECK(static_cast<long>(own.size() + shared.size()) == braces);
    }
}

TEST_CASE("openapi: each operation tells the role it needs, and its body where it takes one") {
    for (const auto& route : console::routes()) {
        CAPTURE(route.method, route.pattern);
        const YAML::Node operation = operation_of(route);
        REQUIRE(operation["x-minimum-role"]);
        const std::string role = route.minimum ? to_string(*route.minimum) : "none";
        CHECK(operation["x-minimum-role"].as<std::string>() == role);
        // No credential is what an empty list says in OpenAPI.
        CHECK(operation["security"].IsDefined() == !route.minimum);
        CHECK(operation["operationId"].IsDefined());
        CHECK(operation["responses"].IsDefined());
        if (!route.takes_body) CHECK_FALSE(operation["requestBody"].IsDefined());
    }
}

TEST_CASE("openapi: operation ids are unique and references lead somewhere") {
    std::set<std::string> ids;
    for (const auto& path : document()["paths"]) {
        for (const auto& operation : path.second) {
            if (!operation.second["operationId"]) continue;
            CHECK(ids.insert(operation.second["operationId"].as<std::string>()).second);
        }
    }
    check_references(document());
    CHECK(document()["openapi"].as<std::string>().substr(0, 4) == "3.1.");
}
