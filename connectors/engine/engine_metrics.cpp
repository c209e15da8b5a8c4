#include "connectors/engine/engine_metrics.hpp"

namespace gantry::connectors {
namespace {

constexpr std::array<const char*, k_fate_count> k_fates{"accepted",      "retry_later", "ambiguous",
                                                        "rejected",      "exhausted",   "released",
                                                        "lease_expired", "verdict_lost"};

}  // namespace

EngineMetrics::EngineMetrics(telemetry::Registry& registry, const std::string& connector)
    : seconds_(registry.histogram("gantry_delivery_seconds", "Duration of delivery attempts.",
                                  {{"connector", connector}})),
      circuit_open_(registry.gauge("gantry_circuit_open",
                                   "1 while a connector's circuit is open or half open.",
                                   {{"connector", connector}})),
      in_flight_(registry.gauge("gantry_deliveries_in_flight", "Deliveries leased and unsettled.",
                                {{"connector", connector}})),
      lag_(registry.gauge("gantry_outbox_lag_seconds",
                          "How long the oldest due delivery has been due.",
                          {{"connector", connector}})),
      outbox_errors_(registry.counter("gantry_outbox_errors_total",
                                      "Outbox calls that failed and were repeated.",
                                      {{"connector", connector}})) {
    for (std::size_t i = 0; i < k_fate_count; ++i) {
        deliveries_[i] = &registry.counter("gantry_deliveries_total",
                                           "Deliveries by what became of the attempt.",
                                           {{"connector", connector}, {"result", k_fates[i]}});
    }
    for (std::size_t i = 0; i < k_cause_count; ++i) {
        const char* cause = to_string(static_cast<Cause>(i));
        failures_[i] = &registry.counter("gantry_delivery_failures_total",
                                         "Failed delivery attempts by cause.",
                                         {{"connector", connector}, {"cause", cause}});
        openings_[i] = &registry.counter("gantry_circuit_opened_total",
                                         "Openings of a connector's circuit by cause.",
                                         {{"connector", connector}, {"cause", cause}});
    }
}

void EngineMetrics::count(Fate fate) { deliveries_[static_cast<std::size_t>(fate)]->add(); }

void EngineMetrics::failed(Cause cause) { failures_[static_cast<std::size_t>(cause)]->add(); }

void EngineMetrics::took(Millis elapsed) {
    seconds_.observe(static_cast<double>(elapsed.count()) / 1000.0);
}

void EngineMetrics::circuit(CircuitState state) {
    circuit_open_.set(state == CircuitState::closed ? 0 : 1);
}

void EngineMetrics::circuit_opened(Cause cause) {
    openings_[static_cast<std::size_t>(cause)]->add();
}

void EngineMetrics::in_flight(std::size_t n) { in_flight_.set(static_cast<std::int64_t>(n)); }

void EngineMetrics::lag(Millis behind) { lag_.set(behind.count() / 1000); }

void EngineMetrics::outbox_error() { outbox_errors_.add(); }

}  // namespace gantry::connectors
