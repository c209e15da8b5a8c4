// The counters of one connector's engine, all there from the start.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "connectors/engine/circuit.hpp"
#include "connectors/engine/connector.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::connectors {

// What became of an attempt, or of a row that was leased for one.
enum class Fate {
    accepted,
    retry_later,
    ambiguous,
    rejected,
    exhausted,
    released,
    lease_expired,  // leased again while we hold it
    verdict_lost,   // the outbox would not take it before the stop
};
inline constexpr std::size_t k_fate_count = 8;

class EngineMetrics {
public:
    EngineMetrics(telemetry::Registry& registry, const std::string& connector);

    void count(Fate fate);
    void failed(Cause cause);
    void took(Millis elapsed);
    void circuit(CircuitState state);
    void circuit_opened(Cause cause);
    void in_flight(std::size_t n);
    void lag(Millis behind);
    void outbox_error();

private:
    std::array<telemetry::Counter*, k_fate_count> deliveries_{};
    std::array<telemetry::Counter*, k_cause_count> failures_{};
    std::array<telemetry::Counter*, k_cause_count> openings_{};
    telemetry::Histogram& seconds_;
    telemetry::Gauge& circuit_open_;
    telemetry::Gauge& in_flight_;
    telemetry::Gauge& lag_;
    telemetry::Counter& outbox_errors_;
};

}  // namespace gantry::connectors
