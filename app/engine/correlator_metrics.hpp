// CorrelatorMetrics: what the correlator, which knows no metrics, counts of what it dropped or cut
// short, as metrics. One thread.
#pragma once

#include <array>

#include "core/telemetry/metrics.hpp"
#include "correlator/state/limits.hpp"

namespace gantry::app {

class CorrelatorMetrics {
public:
    explicit CorrelatorMetrics(telemetry::Registry& metrics)
        : parts_{{{&metrics.counter(k_events, k_events_help, {{"reason", "resolve_unknown"}}),
                   &correlator::Counters::resolves_unknown},
                  {&metrics.counter(k_events, k_events_help, {{"reason", "resolve_late"}}),
                   &correlator::Counters::resolves_late},
                  {&metrics.counter(k_events, k_events_help, {{"reason", "no_room"}}),
                   &correlator::Counters::alerts_refused},
                  {&metrics.counter("gantry_alerts_evicted_total",
                                    "Resolved alerts forgotten before their retention, for room"),
                   &correlator::Counters::alerts_evicted},
                  {&metrics.counter("gantry_assets_refused_total",
                                    "Assets not made from a host name: correlator.max_assets"),
                   &correlator::Counters::assets_refused},
                  {&metrics.counter("gantry_expiries_skipped_total",
                                    "Expiries of alerts that were seen again, or gone, meanwhile"),
                   &correlator::Counters::expiries_skipped}}} {}

    // `now`: monotonic since the correlator was made.
    void show(const correlator::Counters& now) {
        for (const Part& part : parts_) {
            part.counter->add(static_cast<std::int64_t>(now.*part.value - shown_.*part.value));
        }
        shown_ = now;
    }

private:
    static constexpr const char* k_events = "gantry_events_without_effect_total";
    static constexpr const char* k_events_help = "Events that changed no alert, by reason";

    struct Part {
        telemetry::Counter* counter;
        std::uint64_t correlator::Counters::*value;
    };
    std::array<Part, 6> parts_;
    correlator::Counters shown_;
};

}  // namespace gantry::app
