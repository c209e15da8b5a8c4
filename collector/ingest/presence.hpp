// Presence: finds endpoints that fell silent. By the server's clock only; an endpoint is silent
// after `grace` without an accepted request. At gantryd's start every agent counts as just heard,
// so that our own downtime raises nothing; and when most of the fleet falls silent at once while we
// received nothing at all, the fault is on our side of the wire and nothing is raised until reports
// flow again.
//
// Threading: the server's executor, beside AgentDesk.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "collector/ingest/agent_book.hpp"
#include "core/ports/event_gate.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::collector {

struct PresenceOptions {
    Millis grace{60'000};           // at least; an agent's is 3 of its intervals when longer
    std::size_t mass_minimum = 20;  // below so many agents a mass silence is believed
};

class Presence {
public:
    Presence(AgentBook& book, EventGate& events, const Clock& clock, PresenceOptions options,
             telemetry::Registry& metrics, telemetry::Log log);

    // One look at all agents: journals endpoint_silent for each that just fell silent. Call about
    // once a second; costs one pass over the book.
    boost::asio::awaitable<void> check();
    // The agent reported while it counted as offline: journals endpoint_returned at the next check.
    void returned(AgentEntry& entry);

private:
    [[nodiscard]] std::vector<AgentEntry*> silent_at(Instant now) const;
    boost::asio::awaitable<bool> append(AgentEntry& entry, journal::Kind kind, Instant now);

    AgentBook& book_;
    EventGate& events_;
    const Clock& clock_;
    PresenceOptions options_;
    telemetry::Log log_;
    telemetry::Gauge& online_;
    telemetry::Gauge& offline_;
    telemetry::Counter& held_back_;
    std::vector<AgentEntry*> returned_;
};

}  // namespace gantry::collector
