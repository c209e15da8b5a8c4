// Tool: the other side of one connector. It knows idempotency keys: a delivery has its effect once,
// whenever and however often it arrives. What it answers, and when, a seed decides by its faults.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "connectors/engine/connector.hpp"
#include "connectors/engine/step.hpp"
#include "core/base/random.hpp"
#include "tests/simulation/connectors/plan.hpp"

namespace gantry::simulation {

// What will become of one call.
struct Exchange {
    Millis lasts{};                     // until the caller has its answer
    std::optional<Millis> effect_in;    // the delivery has its effect then; unset: never
    connectors::DeliveryResult result;  // accepted: filled with the remote id at its time
};

class Tool {
public:
    // `on_effect`: called once for each key.
    Tool(ToolPlan plan, std::uint64_t seed, std::function<void(const Delivery&)> on_effect)
        : plan_(std::move(plan)), random_(seed), on_effect_(std::move(on_effect)) {}

    // `since`: simulated time since the beginning.
    Exchange call(const Delivery& delivery, Millis timeout, Millis since);
    void take_effect(const Delivery& delivery);
    [[nodiscard]] std::string remote_id(IncidentId incident) const;

    void mend() { mended_ = true; }            // no fault any more, but for refused deliveries
    void forgive() { refused_keys_.clear(); }  // nor those
    [[nodiscard]] const ToolPlan& plan() const { return plan_; }

private:
    bool falls(int percent) { return static_cast<int>(random_.below(100)) < percent; }
    Millis up_to(Millis most) {
        return Millis{
            static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
    }
    std::optional<Millis> maybe_retry_after();
    Exchange fault_of_outage(int kind, Millis timeout);
    std::optional<Exchange> fault(Millis timeout);
    std::optional<Exchange> fault_with_effect(Millis timeout);

    ToolPlan plan_;
    SeededRandom random_;
    std::function<void(const Delivery&)> on_effect_;
    std::set<std::string> keys_;
    std::set<std::string> judged_keys_;
    std::set<std::string> refused_keys_;
    std::map<IncidentId, std::string> remote_ids_;
    bool mended_ = false;
};

}  // namespace gantry::simulation
