#include "collector/ingest/normalize.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace gantry::collector {
namespace {

std::string check_key(AssetId asset, const CheckState& state) {
    std::string key = "asset/" + std::to_string(asset.value) + "/" + state.check;
    if (!state.instance.empty()) key += "/" + state.instance;
    return truncate_utf8(key, k_max_key_bytes - 8);  // room for "/unknown"
}

Labels labels_of(const CheckState& state, const AgentIdentity& agent) {
    Labels labels{{"check", sanitise(state.check)}, {"host", agent.name}};
    if (!state.instance.empty()) labels.emplace_back("instance", sanitise(state.instance));
    return labels;  // in order by name
}

Event base_event(const CheckState& state, const AgentIdentity& agent, Instant at) {
    Event event;
    event.organisation = agent.organisation;
    event.source = "agent";
    event.key = check_key(agent.asset, state);
    event.summary = truncate_utf8(sanitise(state.summary), k_max_summary_bytes);
    event.labels = labels_of(state, agent);
    event.evidence = state.evidence;
    std::sort(event.evidence.begin(), event.evidence.end());
    event.asset = agent.asset;
    event.host = agent.name;
    event.observed_at = at;
    return event;
}

void append_events(const CheckState& state, bool full_state, const AgentIdentity& agent, Instant at,
                   std::vector<Event>& events) {
    Event event = base_event(state, agent, at);
    Event blind = event;
    blind.key += "/unknown";
    blind.severity = Severity::info;
    if (state.condition == Condition::unknown) {
        events.push_back(std::move(blind));
        return;
    }
    if (state.previous == Condition::unknown || full_state) {
        blind.action = EventAction::resolved;
        events.push_back(std::move(blind));
    }
    event.action = state.condition == Condition::ok ? EventAction::resolved : EventAction::firing;
    event.severity =
        state.condition == Condition::critical ? Severity::critical : Severity::warning;
    events.push_back(std::move(event));
}

}  // namespace

std::vector<Event> normalize(const Report& report, const AgentIdentity& agent,
                             Instant received_at) {
    std::vector<Event> events;
    for (const ReportRecord& record : report.records) {
        // The age is by the agent's monotonic clock, so it is right even when its wall clock is
        // not.
        const Instant at = received_at - Millis{std::max<std::int64_t>(record.age_ms, 0)};
        for (const CheckState& state : record.states) {
            append_events(state, record.kind == RecordKind::full_state, agent, at, events);
        }
    }
    return events;
}

std::string offline_key(AssetId asset) {
    return "asset/" + std::to_string(asset.value) + "/endpoint_offline";
}

Event endpoint_silent(const AgentIdentity& agent, Instant last_seen, Millis silence, Instant now) {
    Event event;
    event.organisation = agent.organisation;
    event.source = "gantry";
    event.key = offline_key(agent.asset);
    event.severity = Severity::critical;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(silence).count();
    event.summary = "endpoint offline: no report for " + std::to_string(seconds) + " s";
    event.labels = {{"check", "endpoint_offline"}, {"host", agent.name}};
    event.evidence = {{"last_report_at", to_rfc3339(last_seen)},
                      {"silence_s", std::to_string(seconds)}};
    event.asset = agent.asset;
    event.host = agent.name;
    event.observed_at = now;
    return event;
}

Event endpoint_returned(const AgentIdentity& agent, Instant now) {
    Event event = endpoint_silent(agent, now, Millis{0}, now);
    event.action = EventAction::resolved;
    event.summary = "endpoint reports again";
    event.evidence = {{"returned_at", to_rfc3339(now)}};
    return event;
}

}  // namespace gantry::collector
