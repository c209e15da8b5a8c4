#include "app/gantryd/policies.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/hash.hpp"
#include "core/model/json.hpp"

namespace gantry::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t k_max_built = 10'000;

// Null for what has no id: a check that is no object is left to decode_policy to refuse.
Json id_of(const Json& check) { return check.is_object() ? check.value("id", Json()) : Json(); }

// A key replaces the one below; checks are merged by id, key by key (RFC 7396).
void lay_over(Json& document, const Json& layer) {
    for (const auto& [key, value] : layer.items()) {
        if (key != "checks" || !value.is_array()) {
            document[key] = value;
            continue;
        }
        Json& checks = document["checks"];
        for (const Json& check : value) {
            const Json id = id_of(check);
            const auto same = std::find_if(checks.begin(), checks.end(), [&](const Json& known) {
                return !id.is_null() && id_of(known) == id;
            });
            if (same == checks.end()) {
                checks.push_back(check);
            } else {
                same->merge_patch(check);
            }
        }
    }
}

std::vector<std::string> layer_names(const EndpointPlace& place) {
    return {"default", "organisation:" + std::to_string(place.organisation.value),
            "site:" + std::to_string(place.site.value), "role:" + place.role,
            "endpoint:" + place.agent_id};
}

std::string etag_of(const std::string& json) {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(fnv1a(json)));
    return hex;
}

}  // namespace

Policies::Policies(std::string built_in, telemetry::Log log)
    : built_in_(std::move(built_in)), log_(std::move(log)) {}

Result<void> Policies::check(const records::PolicyRow& row) const {
    const Json layer = Json::parse(row.document, nullptr, false);
    if (!layer.is_object()) {
        return fail(ErrorCode::invalid_input, "policy \"" + row.name + "\" must be an object");
    }
    Json document = Json::parse(built_in_);
    lay_over(document, layer);
    const auto checked = decode_policy(document.dump(), row.name);
    if (!checked) return checked.error();
    return {};
}

void Policies::load(std::vector<records::PolicyRow> rows) {
    layers_.clear();
    for (auto& row : rows) layers_[row.name].push_back(std::move(row));
    built_.clear();
}

PolicyDocument Policies::effective(const EndpointPlace& place) {
    // Endpoints without a layer of their own share one document per organisation, site and role.
    const bool own_layer = layers_.contains("endpoint:" + place.agent_id);
    const std::string key = std::to_string(place.organisation.value) + "/" +
                            std::to_string(place.site.value) + "/" + place.role + "/" +
                            (own_layer ? place.agent_id : "");
    const auto known = built_.find(key);
    if (known != built_.end()) return known->second;
    if (built_.size() >= k_max_built) built_.clear();
    return built_[key] = build(place);
}

PolicyDocument Policies::build(const EndpointPlace& place) const {
    Json document = Json::parse(built_in_);
    for (const std::string& name : layer_names(place)) {
        const auto named = layers_.find(name);
        if (named == layers_.end()) continue;
        for (const auto& row : named->second) {
            const bool mine = !row.organisation.is_set() || row.organisation == place.organisation;
            if (!mine) continue;
            Json candidate = document;
            lay_over(candidate, Json::parse(row.document, nullptr, false));
            const auto checked = decode_policy(candidate.dump(), row.name, PolicyRules::runner);
            if (checked) {
                document = std::move(candidate);
            } else {
                // Refused when it was written. What only makes no sense, by stricter rules than
                // those of then, goes out: the agent says so, and the layer's other checks run.
                log_.error("policy_layer_left_out",
                           {{"policy", row.name}, {"error", checked.error().message}});
            }
        }
    }
    PolicyDocument out;
    document.erase("etag");
    out.etag = etag_of(document.dump());
    out.interval_s = document.value("interval_s", std::int64_t{15});
    document["etag"] = out.etag;
    out.json = document.dump();
    return out;
}

}  // namespace gantry::app
