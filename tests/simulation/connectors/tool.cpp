#include "tests/simulation/connectors/tool.hpp"

namespace gantry::simulation {

using connectors::Cause;
using connectors::DeliveryResult;

std::optional<Millis> Tool::maybe_retry_after() {
    switch (random_.below(4)) {
        case 0: return {};
        case 1: return Millis{0};
        case 2: return up_to(Millis{20'000});
        default: return up_to(Millis{86'400'000});  // cut by the engine
    }
}

Exchange Tool::fault_of_outage(int kind, Millis timeout) {
    switch (kind) {
        case 0:
            return {
                up_to(Millis{20}), {}, DeliveryResult::retry_later(Cause::connection, "refused")};
        case 1:
            return {up_to(Millis{500}),
                    {},
                    DeliveryResult::retry_later(Cause::server_error, "status 503",
                                                maybe_retry_after())};
        case 2: return {timeout, {}, DeliveryResult::ambiguous(Cause::timeout, "no answer")};
        case 4:
            return {up_to(Millis{200}),
                    {},
                    DeliveryResult::retry_later(Cause::turned_away, "status 404")};
        default:
            return {
                up_to(Millis{200}),
                {},
                DeliveryResult::retry_later(Cause::throttled, "status 429", up_to(Millis{60'000}))};
    }
}

std::optional<Exchange> Tool::fault(Millis timeout) {
    const ToolFaults& f = plan_.faults;
    if (falls(f.refuse_connection)) return fault_of_outage(0, timeout);
    if (falls(f.server_error)) return fault_of_outage(1, timeout);
    if (falls(f.turn_away)) return fault_of_outage(4, timeout);
    if (falls(f.timeout_before)) return fault_of_outage(2, timeout);
    if (falls(f.throttle)) {
        return Exchange{
            up_to(Millis{200}),
            {},
            DeliveryResult::retry_later(Cause::throttled, "status 429", maybe_retry_after())};
    }
    if (falls(f.reset_before)) {
        return Exchange{up_to(timeout), {}, DeliveryResult::ambiguous(Cause::reset, "reset")};
    }
    return {};
}

std::optional<Exchange> Tool::fault_with_effect(Millis timeout) {
    const ToolFaults& f = plan_.faults;
    if (falls(f.timeout_after)) {
        return Exchange{timeout, up_to(timeout),
                        DeliveryResult::ambiguous(Cause::timeout, "no answer")};
    }
    if (falls(f.timeout_late)) {
        return Exchange{timeout, timeout + up_to(Millis{90'000}),
                        DeliveryResult::ambiguous(Cause::timeout, "no answer")};
    }
    if (falls(f.reset_after)) {
        const Millis at = up_to(timeout);
        return Exchange{at, at, DeliveryResult::ambiguous(Cause::reset, "reset")};
    }
    if (falls(f.garbage)) {
        const Millis at = up_to(Millis{300});
        return Exchange{at, at, DeliveryResult::ambiguous(Cause::bad_answer, "no HTTP")};
    }
    return {};
}

Exchange Tool::call(const Delivery& delivery, Millis timeout, Millis since) {
    const std::string& key = delivery.idempotency_key;
    if (!mended_) {
        for (const Outage& outage : plan_.outages) {
            if (since >= outage.from && since < outage.until) {
                return fault_of_outage(outage.kind, timeout);
            }
        }
        if (judged_keys_.insert(key).second && falls(plan_.faults.client_error)) {
            refused_keys_.insert(key);
        }
    }
    if (refused_keys_.contains(key) && !keys_.contains(key)) {
        const Cause cause = delivery.id.value % 3 == 0 ? Cause::bad_payload : Cause::refused;
        return {up_to(Millis{200}), {}, DeliveryResult::rejected(cause, "status 422")};
    }
    if (!mended_) {
        if (auto out = fault(timeout)) return *std::move(out);
        if (auto out = fault_with_effect(timeout)) return *std::move(out);
    }
    const bool slow = !mended_ && falls(plan_.faults.slow);
    const Millis lasts = slow ? timeout : up_to(Millis{200});
    return {lasts, up_to(lasts), DeliveryResult::accepted("")};
}

void Tool::take_effect(const Delivery& delivery) {
    if (!keys_.insert(delivery.idempotency_key).second) return;
    if (plan_.gives_remote_ids) {
        remote_ids_.try_emplace(delivery.incident, "R" + std::to_string(delivery.incident.value));
    }
    on_effect_(delivery);
}

std::string Tool::remote_id(IncidentId incident) const {
    const auto found = remote_ids_.find(incident);
    return found == remote_ids_.end() ? std::string() : found->second;
}

}  // namespace gantry::simulation
