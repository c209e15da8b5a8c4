#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/state/state_file.hpp"
#include "agent/uplink/identity.hpp"
#include "app/agent/commands.hpp"
#include "app/agent/status_file.hpp"

namespace gantry::app {
namespace {

using Json = nlohmann::ordered_json;

Json dropped_json(const agent::SpoolStatus& spool) {
    Json out = Json::array();
    for (const agent::DropTotal& drop : spool.dropped) {
        out.push_back(
            {{"kind", to_string(drop.kind)}, {"reason", drop.reason}, {"count", drop.count}});
    }
    return out;
}

void print_people(const Json& json) {
    const auto text = [&](const char* key) {
        const auto& value = json.at(key);
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::cout << "agent       " << text("agent_id") << "\n"
              << "server      " << text("server") << "\n"
              << "place       " << text("organisation") << ", " << text("site") << ", "
              << text("role") << "\n";
    if (!json.contains("spool")) {
        std::cout << "state       has not run yet\n";
        return;
    }
    const auto& spool = json.at("spool");
    std::cout << "last answer " << text("acknowledged_at") << " (as of " << text("written_at")
              << ")\n";
    if (!text("problem").empty()) std::cout << "problem     " << text("problem") << "\n";
    std::cout << "policy      " << text("policy") << "\n"
              << "waiting     " << spool.at("states") << " states, " << spool.at("samples")
              << " samples\n";
    for (const auto& drop : spool.at("dropped")) {
        std::cout << "dropped     " << drop.at("count") << " " << drop.at("kind").get<std::string>()
                  << ": " << drop.at("reason").get<std::string>() << "\n";
    }
    for (const auto& state : json.at("conditions")) {
        std::cout << "condition   " << state.at("condition").get<std::string>() << ": "
                  << state.at("summary").get<std::string>() << "\n";
    }
    if (json.at("conditions").empty()) std::cout << "condition   all checks are ok\n";
}

}  // namespace

std::string encode_status(const AgentStatus& status, Instant written_at) {
    Json conditions = Json::array();
    for (const CheckState& state : status.conditions) {
        if (state.condition == Condition::ok) continue;
        conditions.push_back({{"check", state.check},
                              {"instance", state.instance},
                              {"condition", to_string(state.condition)},
                              {"summary", state.summary}});
    }
    const bool never = status.acknowledged_at == Instant{};
    const Json json{
        {"written_at", to_rfc3339(written_at)},
        {"acknowledged_at", never ? "never" : to_rfc3339(status.acknowledged_at)},
        {"problem", status.problem},
        {"policy", status.policy},
        {"policy_etag", status.policy_etag},
        {"clock_skew_ms", status.clock_skew_ms},
        {"ignored_instances", status.ignored_instances},
        {"spool",
         {{"epoch", status.spool.epoch},
          {"last_seq", status.spool.last_seq},
          {"acked_seq", status.spool.acked_seq},
          {"states", status.spool.states},
          {"samples", status.spool.samples},
          {"bytes", status.spool.bytes},
          {"dropped", dropped_json(status.spool)}}},
        {"conditions", std::move(conditions)},
    };
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int agent_status(const AgentSettings& settings, bool json) {
    const StatePaths paths(settings);
    const auto identity = agent::load_identity(paths.identity);
    if (!identity) {
        const bool missing = identity.error().code == ErrorCode::not_found;
        std::cerr << "gantry-agent: "
                  << (missing ? "not enrolled (" + paths.identity + " is not there)"
                              : identity.error().message)
                  << "\n";
        return 1;
    }
    Json out{{"agent_id", identity->agent_id},
             {"server", identity->server},
             {"organisation", identity->organisation},
             {"site", identity->site},
             {"role", identity->role}};
    if (const auto file = agent::read_state_file(paths.status)) {
        const Json status = Json::parse(*file, nullptr, false);
        if (status.is_object()) out.update(status);
    }
    if (json) {
        std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
        return 0;
    }
    try {
        print_people(out);
    } catch (const Json::exception&) {  // another version's file, or a damaged one
        std::cout << "state       " << paths.status << " cannot be read\n";
    }
    return 0;
}

}  // namespace gantry::app
