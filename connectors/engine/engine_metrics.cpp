#include "connectors/engine/engine_metrics.hpp"

#include <utility>

namespace gantry::connectors {

EngineMetrics::EngineMetrics(telemetry::Registry& registry, std::string connector)
    : registry_(registry),
      connector_(std::move(connector)),
      seconds_(registry.histogram("gantry_delivery_seconds", "Duration of delivery attempts.",
                                  {{"connector", connector_}})),
      circuit_open_(registry.gauge("gantry_circuit_open",
                                   "1 while a connector's circuit is open or half open.",
                                   {{"connector", connector_}})),
      in_flight_(registry.gauge("gantry_deliveries_in_flight", "Deliveries leased and unsettled.",
                                {{"connector", connector_}})),
      lag_(registry.gauge("gantry_outbox_lag_seconds",
                          "How long the oldest due delivery has been due.",
                          {{"connector", connector_}})),
      outbox_errors_(registry.counter("gantry_outbox_errors_total",
                                      "Outbox calls that failed and were repeated.",
                                      {{"connector", connector_}})) {}

void EngineMetrics::count(const char* result) {
    registry_
        .counter("gantry_deliveries_total", "Deliveries by what became of the attempt.",
                 {{"connector", connector_}, {"result", result}})
        .add();
}

void EngineMetrics::failed(Cause cause) {
    registry_
        .counter("gantry_delivery_failures_total", "Failed delivery attempts by cause.",
                 {{"connector", connector_}, {"cause", to_string(cause)}})
        .add();
}

void EngineMetrics::took(Millis elapsed) {
    seconds_.observe(static_cast<double>(elapsed.count()) / 1000.0);
}

void EngineMetrics::circuit(CircuitState state) {
    circuit_open_.set(state == CircuitState::closed ? 0 : 1);
}

void EngineMetrics::circuit_opened(Cause cause) {
    registry_
        .counter("gantry_circuit_opened_total", "Openings of a connector's circuit by cause.",
                 {{"connector", connector_}, {"cause", to_string(cause)}})
        .add();
}

void EngineMetrics::in_flight(std::size_t n) { in_flight_.set(static_cast<std::int64_t>(n)); }

void EngineMetrics::lag(Millis behind) { lag_.set(behind.count() / 1000); }

void EngineMetrics::outbox_error() { outbox_errors_.add(); }

}  // namespace gantry::connectors
