#include "collector/ingest/presence.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gantry::collector {

Presence::Presence(AgentBook& book, EventGate& events, const Clock& clock, PresenceOptions options,
                   telemetry::Registry& metrics, telemetry::Log log)
    : book_(book),
      events_(events),
      clock_(clock),
      options_(options),
      log_(std::move(log)),
      online_(metrics.gauge("gantry_agents", "Agents by presence", {{"state", "online"}})),
      offline_(metrics.gauge("gantry_agents", "Agents by presence", {{"state", "offline"}})),
      held_back_(metrics.counter("gantry_presence_held_back_total",
                                 "Checks at which a mass silence was taken for our own fault")) {}

void Presence::returned(AgentEntry& entry) {
    if (std::find(returned_.begin(), returned_.end(), &entry) == returned_.end()) {
        returned_.push_back(&entry);
    }
}

std::vector<AgentEntry*> Presence::silent_at(Instant now) const {
    std::vector<AgentEntry*> silent;
    for (auto& [id, entry] : book_.entries()) {
        if (entry.offline || entry.agent.revoked) continue;
        if (now - entry.last_report_at > options_.grace) silent.push_back(&entry);
    }
    // The book is a hash map; the journal's order must not depend on it.
    std::sort(silent.begin(), silent.end(), [](const AgentEntry* a, const AgentEntry* b) {
        return a->agent.agent_id < b->agent.agent_id;
    });
    return silent;
}

boost::asio::awaitable<bool> Presence::append(AgentEntry& entry, journal::Kind kind, Instant now) {
    nlohmann::ordered_json body{{"agent_id", entry.agent.agent_id}};
    if (kind == journal::Kind::endpoint_silent) {
        body["last_seen_ms"] = to_ms(entry.last_report_at);
        body["silence_ms"] = (now - entry.last_report_at).count();
    }
    journal::Record record;
    record.received_at = now;
    record.organisation = entry.agent.organisation;
    record.kind = kind;
    record.source = entry.agent.agent_id;
    record.body = body.dump();
    const auto accepted = co_await events_.accept(std::move(record));
    if (!accepted) {
        log_.warn("presence_not_recorded",
                  {{"agent_id", entry.agent.agent_id}, {"error", accepted.error().message}});
    }
    co_return accepted.has_value();
}

boost::asio::awaitable<void> Presence::check() {
    const Instant now = clock_.now();
    const auto returned = std::exchange(returned_, {});
    for (AgentEntry* entry : returned) {
        if (!entry->offline) continue;
        if (co_await append(*entry, journal::Kind::endpoint_returned, now)) {
            entry->offline = false;
            log_.info("endpoint_returned", {{"agent_id", entry->agent.agent_id}});
        } else {
            returned_.push_back(entry);
        }
    }
    const auto silent = silent_at(now);
    const auto offline = static_cast<std::size_t>(
        std::count_if(book_.entries().begin(), book_.entries().end(),
                      [](const auto& item) { return item.second.offline; }));
    online_.set(static_cast<std::int64_t>(book_.size() - offline));
    offline_.set(static_cast<std::int64_t>(offline));
    const std::size_t online = book_.size() - offline;
    if (silent.size() >= options_.mass_minimum && silent.size() == online) {
        held_back_.add();
        co_return;  // nobody at all is heard: look again when somebody is
    }
    for (AgentEntry* entry : silent) {
        if (!co_await append(*entry, journal::Kind::endpoint_silent, now)) co_return;
        entry->offline = true;
        log_.info("endpoint_silent", {{"agent_id", entry->agent.agent_id}});
    }
}

}  // namespace gantry::collector
