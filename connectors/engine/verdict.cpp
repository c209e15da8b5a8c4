#include "connectors/engine/verdict.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace gantry::connectors {
namespace {

constexpr std::size_t k_max_text_bytes = 500;

std::string bounded(const std::string& text) {
    return truncate_utf8(sanitise(text), k_max_text_bytes);
}

std::string hours_and_minutes(Millis span) {
    const auto minutes = std::chrono::floor<std::chrono::minutes>(span).count();
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

bool is_exhausted(const Delivery& delivery, const DeliveryLimits& limits, Instant now) {
    return now - delivery.created_at >= limits.max_age || delivery.attempts >= limits.max_attempts;
}

Millis wait_before_retry(const Delivery& delivery, const DeliveryResult& result,
                         const DeliveryLimits& limits, RandomSource& random) {
    const Millis jitter =
        limits.backoff.delay(std::max<std::int64_t>(delivery.attempts - 1, 0), random);
    if (!result.retry_after) return jitter;
    const Millis asked = std::clamp(*result.retry_after, Millis{0}, limits.retry_after_cap);
    const auto spread = static_cast<std::uint64_t>(limits.backoff.base.count());
    const Millis kept = asked + Millis{static_cast<std::int64_t>(random.below(spread + 1))};
    return std::max(kept, jitter);
}

}  // namespace

Settlement verdict(const Delivery& delivery, const DeliveryResult& result,
                   const DeliveryLimits& limits, Instant now, RandomSource& random) {
    using Kind = Settlement::Kind;
    if (result.outcome == Outcome::accepted) {
        return {delivery.id, Kind::delivered, bounded(result.remote_id), now};
    }
    const std::string reason =
        result.reason.empty() ? std::string(to_string(result.cause)) : bounded(result.reason);
    if (result.outcome == Outcome::rejected) return {delivery.id, Kind::dead, reason, now};
    if (is_exhausted(delivery, limits, now)) {
        const std::string text = "gave up after " + std::to_string(delivery.attempts) +
                                 " attempts in " + hours_and_minutes(now - delivery.created_at) +
                                 ": " + reason;
        return {delivery.id, Kind::dead, bounded(text), now};
    }
    return {delivery.id, Kind::retry, reason,
            now + wait_before_retry(delivery, result, limits, random)};
}

std::optional<Settlement> refuse_exhausted(const Delivery& delivery, const DeliveryLimits& limits,
                                           Instant now) {
    if (delivery.attempts <= limits.max_attempts) return {};
    std::string text = "gave up after " + std::to_string(delivery.attempts - 1) + " attempts";
    if (!delivery.last_error.empty()) text += "; last error: " + delivery.last_error;
    return Settlement{delivery.id, Settlement::Kind::dead, bounded(text), now};
}

}  // namespace gantry::connectors
