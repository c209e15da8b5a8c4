#include "tests/simulation/wire/wire_checker.hpp"

#include "core/model/alert.hpp"
#include "core/records/query.hpp"

namespace gantry::simulation {
namespace {

struct AlertRow {
    bool firing = false;
    Severity severity = Severity::info;
    std::int64_t episodes = 0;
    std::int64_t open_incidents = 0;
};

AlertRow find(storage::Connection& rows, const std::string& key) {
    records::Query query(rows,
                         "SELECT a.state, a.severity, a.episode_count, (SELECT COUNT(*) FROM "
                         "incident_alerts AS b JOIN incidents AS i ON i.id = b.incident_id WHERE "
                         "b.alert_id = a.id AND i.state < 3) FROM alerts AS a WHERE a.key = $1");
    query.bind(key);
    AlertRow row;
    if (query.next()) {
        row.firing = query.word<AlertState>() == AlertState::firing;
        row.severity = query.word<Severity>();
        row.episodes = query.integer();
        row.open_incidents = query.integer();
    }
    return row;
}

}  // namespace

std::vector<std::string> check_wire(storage::Connection& rows, const AgentSide& agent,
                                    AssetId asset) {
    std::vector<std::string> broken;
    for (const auto& [check, condition] : agent.truth()) {
        const std::string key = "asset/" + std::to_string(asset.value) + "/" + check.first +
                                (check.second.empty() ? "" : "/" + check.second);
        const AlertRow row = find(rows, key);
        const bool bad = condition != Condition::ok;
        if (row.firing != bad) {
            broken.push_back(key + " is " + to_string(condition) + ", its alert is " +
                             (row.firing ? "firing" : "not firing"));
        }
        const Severity wanted =
            condition == Condition::critical ? Severity::critical : Severity::warning;
        if (bad && row.firing && row.severity != wanted) {
            broken.push_back(key + " is " + to_string(condition) + ", its alert is " +
                             to_string(row.severity));
        }
        if (row.open_incidents != (bad ? 1 : 0)) {
            broken.push_back(key + " is " + to_string(condition) + " and has " +
                             std::to_string(row.open_incidents) + " open incidents");
        }
        const auto begun = agent.beginnings().find(check);
        const std::int64_t beginnings = begun == agent.beginnings().end() ? 0 : begun->second;
        if (!agent.lost_memory() && row.episodes != beginnings) {
            broken.push_back(key + " began " + std::to_string(beginnings) +
                             " times, the server has " + std::to_string(row.episodes) +
                             " episodes");
        }
    }
    return broken;
}

}  // namespace gantry::simulation
