#include "collector/ingest/normalize.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace gantry::collector {
namespace {

constexpr std::size_t k_max_check_key_bytes = k_max_key_bytes - 8;  // room for "/unknown"
constexpr std::size_t k_hash_bytes = 17;                            // '#' and 16 hex digits

// A key that had to be cut ends with the whole one's hash: two long paths with the same beginning
// stay two alerts.
std::string check_key(AssetId asset, const CheckState& state) {
    std::string key = "asset/" + std::to_string(asset.value) + "/" + sanitise(state.check);
    if (!state.instance.empty()) key += "/" + sanitise(state.instance);
    if (key.size() <= k_max_check_key_bytes) return key;
    std::array<char, k_hash_bytes + 1> hash{};
    std::snprintf(hash.data(), hash.size(), "#%016llx",
                  static_cast<unsigned long long>(fnv1a(key)));
    return truncate_utf8(key, k_max_check_key_bytes - k_hash_bytes) + hash.data();
}

std::string label_text(std::string_view text) { return clean_text(text, k_max_label_bytes); }

// The codec bounds these on the way in; a record that an older gantryd journaled may hold anything.
Labels labels_of(const CheckState& state, const AgentIdentity& agent) {
    Labels labels{{"check", label_text(state.check)}, {"host", label_text(agent.name)}};
    if (!state.instance.empty()) labels.emplace_back("instance", label_text(state.instance));
    return labels;  // in order by name
}

Labels evidence_of(const CheckState& state) {
    Labels evidence;
    for (const auto& [name, value] : state.evidence) {
        if (evidence.size() == k_max_labels) break;
        evidence.emplace_back(label_text(name), label_text(value));
    }
    std::sort(evidence.begin(), evidence.end());
    return evidence;
}

Event base_event(const CheckState& state, const AgentIdentity& agent, Instant at) {
    Event event;
    event.organisation = agent.organisation;
    event.source = k_agent_source;
    event.key = check_key(agent.asset, state);
    event.summary = clean_text(state.summary, k_max_summary_bytes);
    event.labels = labels_of(state, agent);
    event.evidence = evidence_of(state);
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

// Both keys of every check that is listed: one that cannot be judged now keeps its alert.
Event end_of_full_state(const ReportRecord& record, const AgentIdentity& agent, Instant at) {
    std::vector<std::string> listed;
    listed.reserve(2 * record.states.size());
    for (const CheckState& state : record.states) {
        listed.push_back(check_key(agent.asset, state));
        listed.push_back(listed.back() + "/unknown");
    }
    std::sort(listed.begin(), listed.end());
    Event event;
    event.organisation = agent.organisation;
    event.source = k_agent_source;
    event.action = EventAction::resolved;
    event.summary = "not in the agent's full state";
    event.asset = agent.asset;
    event.host = agent.name;
    event.observed_at = at;
    event.full_state = std::move(listed);
    return event;
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
        if (record.kind == RecordKind::full_state) {
            events.push_back(end_of_full_state(record, agent, at));
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
    event.source = k_presence_source;
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

Event endpoint_unwatched(const AgentIdentity& agent, Instant now) {
    Event event = endpoint_returned(agent, now);
    event.summary = "endpoint is not watched any more: its agent was revoked";
    event.evidence = {};
    return event;
}

}  // namespace gantry::collector
