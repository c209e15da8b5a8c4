#include "tests/unit/app_settings/schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace gantry::test {
namespace {

void collect(const nlohmann::json& node, const std::string& path, std::vector<std::string>& out) {
    if (node.contains("items") && node["items"].contains("properties")) {
        collect(node["items"], path + "[]", out);
    }
    if (!node.contains("properties")) return;
    for (const auto& [key, member] : node["properties"].items()) {
        const std::string inner = path.empty() ? key : path + "." + key;
        out.push_back(inner);
        collect(member, inner, out);
    }
}

}  // namespace

std::vector<std::string> schema_errors(const std::string& schema, const std::string& document) {
    const auto schema_json = nlohmann::json::parse(schema);
    const auto document_json = nlohmann::json::parse(document);
    valijson::Schema parsed;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), parsed);
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    std::vector<std::string> out;
    if (validator.validate(parsed, valijson::adapters::NlohmannJsonAdapter(document_json),
                           &results)) {
        return out;
    }
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        std::string where;
        for (const std::string& part : error.context) where += part;
        out.push_back(where + ": " + error.description);
    }
    return out;
}

std::vector<std::string> schema_keys(const std::string& schema) {
    std::vector<std::string> out;
    collect(nlohmann::json::parse(schema), "", out);
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace gantry::test
