#include "tests/simulation/connectors/pace_checker.hpp"

#include <algorithm>

namespace gantry::simulation {

using connectors::Cause;
using connectors::DeliveryResult;
using connectors::Outcome;

namespace {

// The tool itself is unwell, as connector.hpp tells causes apart.
bool tool_is_unwell(const DeliveryResult& result) {
    if (result.outcome == Outcome::accepted || result.outcome == Outcome::rejected) return false;
    return result.cause != Cause::throttled && result.cause != Cause::busy;
}

}  // namespace

// One second's worth at once, then by the rate; a sum that begins when the bucket was full.
void PaceChecker::check_rate(Steady now) {
    const std::int64_t cost = 60'000'000 / limits_.per_minute;  // microseconds a token
    const std::int64_t burst = std::max<std::int64_t>(1'000'000, cost);
    const auto passed =
        std::chrono::duration_cast<std::chrono::microseconds>(now - rate_since_.value_or(now))
            .count();
    if (!rate_since_ || passed >= rate_used_us_) {
        rate_since_ = now;
        rate_used_us_ = 0;
    }
    rate_used_us_ += cost;
    const auto refilled =
        std::chrono::duration_cast<std::chrono::microseconds>(now - *rate_since_).count();
    if (rate_used_us_ > burst + refilled + 2'000) fault("called faster than its rate");
}

void PaceChecker::begun(DeliveryId id, Steady now) {
    if (++under_way_ > limits_.concurrency) fault("more calls under way than allowed");
    if (stops_) fault("called after it was told to stop");
    if (now < peace_until_) fault("called though it asked for peace");
    check_rate(now);
    begun_at_[id] = now;
    if (!is_open_) return;
    if (now < closed_off_until_) fault("called though its circuit is open");
    if (probe_) fault("called beside a probe");
    probe_ = id;
}

void PaceChecker::open(Steady now, std::optional<Millis> asked) {
    const Millis window = std::min(
        limits_.circuit.cap, limits_.circuit.base * (std::int64_t{1} << std::min(openings_, 20)));
    closed_off_until_ = now + window / 2;
    if (asked) {
        closed_off_until_ =
            std::max(closed_off_until_, now + std::min(*asked, limits_.retry_after_cap));
    }
    is_open_ = true;
    failures_ = 0;
    ++openings_;
    ++openings_in_all_;
}

void PaceChecker::check_peace(DeliveryId id, const DeliveryResult& result, Steady now) {
    const Steady begun = begun_at_.at(id);
    begun_at_.erase(id);
    const Millis asked = result.retry_after.value_or(Millis{0});
    if (asked > Millis{0}) {
        peace_until_ = std::max(peace_until_, now + std::min(asked, limits_.retry_after_cap));
        return;
    }
    if (last_enough_ && begun <= *last_enough_) return;  // it could not know yet
    if (result.cause == Cause::throttled) {
        const Millis window =
            std::min(limits_.backoff.cap,
                     limits_.backoff.base * (std::int64_t{1} << std::min(enoughs_in_a_row_++, 20)));
        peace_until_ = std::max(peace_until_, now + window / 2);
        last_enough_ = now;
    } else if (result.outcome == Outcome::accepted || result.cause == Cause::refused) {
        enoughs_in_a_row_ = 0;
    }
}

void PaceChecker::finished(DeliveryId id, const DeliveryResult& result, Steady now) {
    --under_way_;
    check_peace(id, result, now);
    const bool unwell = tool_is_unwell(result);
    if (result.cause == Cause::bad_payload) {  // says nothing about the other side
        if (probe_ == id) probe_.reset();
        return;
    }
    if (!is_open_) {
        failures_ = unwell ? failures_ + 1 : 0;
        if (failures_ >= limits_.circuit_failures) open(now, result.retry_after);
        return;
    }
    if (probe_ != id) return;  // began before it opened
    probe_.reset();
    if (unwell) return open(now, result.retry_after);
    is_open_ = false;
    failures_ = 0;
    openings_ = 0;
}

}  // namespace gantry::simulation
