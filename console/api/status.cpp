// Status: one look at the whole server.
#include <nlohmann/json.hpp>

#include "console/api/handlers.hpp"
#include "core/records/counts.hpp"

namespace gantry::console {
namespace {

using Json = nlohmann::ordered_json;

Json incidents_json(const records::Counts& counts) {
    std::int64_t open = 0;
    Json by_priority = Json::object();
    for (std::size_t priority = 1; priority < counts.open_incidents.size(); ++priority) {
        open += counts.open_incidents[priority];
        by_priority[std::to_string(priority)] = counts.open_incidents[priority];
    }
    return {{"open", open}, {"by_priority", std::move(by_priority)}};
}

Json last_error_json(const records::Counts& counts) {
    if (counts.last_error.empty()) return nullptr;
    return {{"connector", counts.last_error_connector}, {"message", counts.last_error}};
}

}  // namespace

Answer show_status(Desk& desk, Call call) {
    auto read = [scope = call.principal.scope](storage::Connection& connection) {
        return records::counts(connection, scope);
    };
    const auto counts = co_await desk.store.read(std::move(read));
    if (!counts) co_return counts.error();
    const Vitals vitals = desk.parts.vitals.vitals(call.principal.scope);
    const Instant now = desk.parts.clock.now();
    const auto uptime = std::chrono::floor<std::chrono::seconds>(now - desk.started_at);
    const Json document{
        {"version", desk.parts.version},
        {"time", to_rfc3339(now)},
        {"uptime_s", uptime.count()},
        {"ready", vitals.ready},
        {"caller", {{"name", call.principal.name}, {"role", to_string(call.principal.role)}}},
        {"incidents", incidents_json(*counts)},
        {"alerts", {{"firing", counts->firing_alerts}}},
        {"agents", {{"online", vitals.agents_online}, {"offline", vitals.agents_offline}}},
        {"journal", {{"lag_records", vitals.journal_lag}}},
        {"outbox", {{"waiting", counts->deliveries_waiting}, {"dead", counts->deliveries_dead}}},
        {"last_error", last_error_json(*counts)},
    };
    co_return json_answer(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace gantry::console
