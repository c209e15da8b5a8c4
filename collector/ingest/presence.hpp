// Presence: finds endpoints that fell silent. By the server's steady clock only, so that neither an
// endpoint's clock nor a step of ours makes silence. An endpoint is silent after
// max(grace, 3 x its interval) without an authenticated request of any of its agents; one that
// never reported is not missed.
//
// Our own faults look like silence of many, so each of these makes endpoints that were not heard
// since wait longer, by the cap of the agents' back-off, in which they may lawfully come back:
//   - the start, a stall of this process, and a time in which nearly nobody is heard ("blind"):
//     their wait begins when that ends;
//   - many late at once ("mass"): late is half of an endpoint's grace, which shows a fault of ours
//     before its first victim has used up the whole.
// What is held back is not lost: it is told when the longer wait is over, or never needed to be.
//
// Threading: the server's executor, beside AgentDesk.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "collector/ingest/agent_book.hpp"
#include "core/ports/event_gate.hpp"
#include "core/ports/policy_source.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::collector {

struct PresenceOptions {
    Millis grace{60'000};
    Millis backoff_cap{600'000};          // the agents', docs/specs/wire.md
    Millis stall{10'000};                 // between two looks: this process stood still
    std::size_t mass_minimum = 20;        // below so many endpoints a mass silence is believed
    std::size_t mass_percent = 20;        // late of those online: a mass
    std::size_t blind_below_percent = 2;  // punctual of those online: we are blind
};

class Presence {
public:
    Presence(AgentBook& book, EventGate& events, PolicySource& policies, const Clock& clock,
             PresenceOptions options, telemetry::Registry& metrics, telemetry::Log log);

    // One look at all endpoints: journals endpoint_silent for each that just fell silent. Call
    // about once a second; costs one pass over the book. The records of one look share the
    // journal's flushes.
    boost::asio::awaitable<void> check();
    // The agent came in while its endpoint counted as offline: journals endpoint_returned at the
    // next check.
    void returned(AgentEntry& entry);

private:
    using Endpoints = std::vector<Endpoint*>;
    enum class Sight : std::uint8_t { clear, mass, blind };

    Endpoints look(SteadyTime now);
    void judge_sight(std::size_t online, std::size_t late, SteadyTime now);
    [[nodiscard]] Millis grace_of(const Endpoint& endpoint) const;
    [[nodiscard]] bool is_silent(Endpoint& endpoint, SteadyTime now);
    boost::asio::awaitable<void> tell_silent(Endpoint* endpoint);
    boost::asio::awaitable<void> tell_returned(Endpoint* endpoint);
    boost::asio::awaitable<bool> append(Endpoint& endpoint, journal::Kind kind, Millis silence);
    boost::asio::awaitable<void> tell_all(Endpoints endpoints, journal::Kind kind);
    void will_return(Endpoint& endpoint);

    AgentBook& book_;
    EventGate& events_;
    PolicySource& policies_;
    const Clock& clock_;
    PresenceOptions options_;
    telemetry::Log log_;
    telemetry::Gauge& online_;
    telemetry::Gauge& offline_;
    telemetry::Gauge& late_;
    telemetry::Counter& held_back_;
    telemetry::Counter& stalls_;
    bool looked_ = false;
    bool failure_told_ = false;  // once a look
    Sight sight_ = Sight::clear;
    SteadyTime looked_at_{};
    SteadyTime blind_until_{};  // REQUIRES looked_, as the next
    SteadyTime mass_until_{};
    Endpoints returned_;
};

}  // namespace gantry::collector
