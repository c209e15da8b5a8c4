// The counters of one connector's engine, taken once.
#pragma once

#include <string>

#include "connectors/engine/circuit.hpp"
#include "connectors/engine/connector.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::connectors {

class EngineMetrics {
public:
    EngineMetrics(telemetry::Registry& registry, std::string connector);

    // result: accepted, retry_later, ambiguous, rejected, exhausted, released, lease_expired,
    // verdict_lost.
    void count(const char* result);
    void failed(Cause cause);
    void took(Millis elapsed);
    void circuit(CircuitState state);
    void circuit_opened(Cause cause);
    void in_flight(std::size_t n);
    void lag(Millis behind);
    void outbox_error();

private:
    telemetry::Registry& registry_;
    std::string connector_;
    telemetry::Histogram& seconds_;
    telemetry::Gauge& circuit_open_;
    telemetry::Gauge& in_flight_;
    telemetry::Gauge& lag_;
    telemetry::Counter& outbox_errors_;
};

}  // namespace gantry::connectors
