// The policy document; the same keys as in YAML (config/schemas/policy.schema.json).
#include "core/model/json.hpp"
#include "core/model/json_build.hpp"
#include "core/model/json_read.hpp"

namespace gantry {
namespace {

using json::Json;
using json::ObjectReader;

constexpr std::size_t k_max_name_bytes = 100;
constexpr double k_max_seconds = 7 * 86'400.0;

Json seconds(Millis time) {
    if (time.count() % 1000 == 0) return time.count() / 1000;
    return static_cast<double>(time.count()) / 1000.0;
}

void optional_number(Json& out, const char* key, const std::optional<double>& value) {
    if (value) out[key] = *value;
}

Json check_json(const CheckPolicy& check) {
    Json out{{"id", check.id}, {"probe", check.probe}};
    if (!check.metric.empty()) out["metric"] = check.metric;
    optional_number(out, "warning", check.threshold.warning);
    optional_number(out, "critical", check.threshold.critical);
    optional_number(out, "clear_warning", check.threshold.clear_warning);
    optional_number(out, "clear_critical", check.threshold.clear_critical);
    if (check.threshold.below) out["below"] = true;
    out["every_s"] = seconds(check.every);
    if (check.hold_for.count() > 0) out["for_s"] = seconds(check.hold_for);
    if (check.needed != 1) out["needed"] = check.needed;
    if (check.window != 1) out["window"] = check.window;
    if (!check.enabled) out["enabled"] = false;
    if (!check.include.empty()) out["include"] = check.include;
    if (!check.exclude.empty()) out["exclude"] = check.exclude;
    if (!check.command.empty()) out["command"] = check.command;
    out["timeout_s"] = seconds(check.timeout);
    return out;
}

void read_seconds(ObjectReader& in, const char* key, Millis& out, double at_least) {
    double value = static_cast<double>(out.count()) / 1000.0;
    in.real(key, value);
    if (!(value >= at_least && value <= k_max_seconds)) {
        in.fault(key, " must be from " + std::to_string(at_least) + " to 604800 seconds");
        return;
    }
    out = Millis{static_cast<std::int64_t>(value * 1000.0 + 0.5)};
}

void read_check(ObjectReader& in, CheckPolicy& check, Millis interval, PolicyRules rules) {
    in.require("id");
    in.require("probe");
    in.text("id", check.id);
    in.text("probe", check.probe);
    in.text("metric", check.metric);
    in.real("warning", check.threshold.warning);
    in.real("critical", check.threshold.critical);
    in.real("clear_warning", check.threshold.clear_warning);
    in.real("clear_critical", check.threshold.clear_critical);
    in.flag("below", check.threshold.below);
    check.every = interval;
    read_seconds(in, "every_s", check.every, 0.2);
    read_seconds(in, "for_s", check.hold_for, 0);
    in.integer("needed", check.needed);
    in.integer("window", check.window);
    in.flag("enabled", check.enabled);
    in.texts("include", check.include);
    in.texts("exclude", check.exclude);
    in.texts("command", check.command);
    read_seconds(in, "timeout_s", check.timeout, 0.1);
    if (rules == PolicyRules::author) in.refuse_unknown();
    for (const PolicyFault& fault : faults_of(check, rules)) in.fault(fault.key, " " + fault.what);
}

}  // namespace

std::string to_json(const Policy& policy) {
    Json checks = Json::array();
    for (const CheckPolicy& check : policy.checks) checks.push_back(check_json(check));
    Json out{{"name", policy.name}};
    if (!policy.etag.empty()) out["etag"] = policy.etag;
    out["interval_s"] = seconds(policy.interval);
    out["checks"] = std::move(checks);
    return json::dump(out);
}

Result<Policy> decode_policy(std::string_view text, std::string_view source, PolicyRules rules) {
    const auto document = json::parse_document(text, source);
    if (!document) return document.error();
    ObjectReader in(*document, std::string(source));
    Policy policy;
    in.text("name", policy.name);
    in.text("etag", policy.etag);
    read_seconds(in, "interval_s", policy.interval, 0.2);
    const Json* checks = in.value("checks");
    if (checks && !checks->is_array()) in.fault("checks", " must be a list");
    if (checks && checks->size() > k_max_policy_checks) {
        in.fault("checks", " has more than 500 items");
    }
    if (rules == PolicyRules::author) {
        in.refuse_unknown();
        if (policy.name.size() > k_max_name_bytes) in.fault("name", " has more than 100 bytes");
    }
    if (const auto done = in.result(); !done) return done.error();
    for (std::size_t i = 0; checks && i < checks->size(); ++i) {
        ObjectReader item((*checks)[i], in.place_of("checks") + "[" + std::to_string(i) + "]");
        CheckPolicy check;
        read_check(item, check, policy.interval, rules);
        for (const CheckPolicy& other : policy.checks) {
            if (other.id == check.id) item.fault("id", ": \"" + check.id + "\" stands twice");
        }
        if (const auto done = item.result(); !done) return done.error();
        policy.checks.push_back(std::move(check));
    }
    return policy;
}

}  // namespace gantry
