#include "connectors/engine/engine.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/engine/verdict.hpp"

namespace gantry::connectors {
namespace {

// A lost wake-up or a set wall clock costs at most this; an empty lease is one indexed read.
constexpr Millis k_idle_poll{5'000};
// Rows said to be due that a lease did not give (their incident's earlier row is under way).
constexpr Millis k_shortest_poll{50};
// From the end of an attempt's time to its verdict in the outbox.
constexpr Millis k_lease_margin{30'000};
constexpr Backoff k_outbox_backoff{Millis{200}, Millis{10'000}};
// A stop does not wait for an outbox that is broken: about three seconds, at most seven.
constexpr std::int64_t k_outbox_failures_at_stop = 5;

}  // namespace

Engine::Engine(std::string name, DeliveryLimits limits, EngineContext context)
    : name_(std::move(name)),
      limits_(limits),
      context_(context),
      metrics_(context.metrics, name_),
      circuit_(limits_.circuit_failures, limits_.circuit),
      bucket_(Rate::per_minute(limits_.per_minute), context.clock.steady_now()),
      pause_(limits_.backoff),
      lease_at_(context.clock.steady_now()) {
    metrics_.circuit(circuit_.state());
}

Step Engine::next() {
    const Steady now = context_.clock.steady_now();
    circuit_.tick(now);
    if (auto step = next_settlement(now)) return *step;
    if (auto step = next_ready(now)) return *step;
    if (auto step = next_lease(now)) return *step;
    return wait_or_stop(now);
}

std::optional<Step> Engine::next_settlement(Steady now) {
    if (settlements_.empty() || now < settle_at_) return {};
    const auto end = settles_singly_ ? settlements_.begin() + 1 : settlements_.end();
    return SettleStep{{settlements_.begin(), end}};
}

// A leased row begins; all go back when the gate has closed since.
std::optional<Step> Engine::next_ready(Steady now) {
    if (ready_.empty()) return {};
    if (stopping_ || permits(now) == 0) {
        const Millis away =
            stopping_ ? Millis{0} : std::chrono::ceil<Millis>(blocked_until(now) - now);
        for (const DeliveryId id : std::exchange(ready_, {})) {
            settle_later(Settlement::release(id, context_.clock.now() + away));
        }
        return next_settlement(now);
    }
    const DeliveryId id = ready_.front();
    ready_.pop_front();
    Row& row = rows_.at(id);
    row.phase = Phase::attempting;
    row.probe = circuit_.begin();
    row.era = pause_.era();
    bucket_.take(now);
    return AttemptStep{{row.delivery, row.remote_id}, limits_.attempt_timeout};
}

std::optional<Step> Engine::next_lease(Steady now) {
    if (stopping_ || now < lease_at_ || rows_.size() >= limits_.concurrency) return {};
    const std::size_t max = std::min(limits_.concurrency - rows_.size(), permits(now));
    if (max == 0) return {};
    return LeaseStep{max, limits_.attempt_timeout + k_lease_margin};
}

Step Engine::wait_or_stop(Steady now) {
    if (stopping_ && rows_.empty()) return StoppedStep{};
    Steady until = now + k_idle_poll;
    if (!settlements_.empty()) until = std::min(until, settle_at_);
    if (!stopping_ && rows_.size() < limits_.concurrency) {
        until = std::min(until, std::max(lease_at_, blocked_until(now)));
    }
    return WaitStep{std::max(until, now + Millis{1})};
}

std::size_t Engine::permits(Steady now) {
    if (now < pause_.until()) return 0;
    return std::min(circuit_.permits(), bucket_.available(now));
}

Engine::Steady Engine::blocked_until(Steady now) {
    Steady until = std::max(bucket_.next(now), pause_.until());
    if (circuit_.state() == CircuitState::open) until = std::max(until, circuit_.opens_until());
    // Behind a probe: its end wakes the driver.
    if (circuit_.state() == CircuitState::half_open && circuit_.permits() == 0) {
        until = std::max(until, now + k_idle_poll);
    }
    return std::max(until, now);
}

void Engine::leased(Result<LeaseAnswer> answer) {
    const Steady now = context_.clock.steady_now();
    if (!answer) {
        metrics_.outbox_error();
        context_.log.warn("outbox_lease_failed",
                          {{"connector", name_}, {"error", answer.error().message}});
        lease_at_ =
            now + k_shortest_poll + k_outbox_backoff.delay(outbox_failures_++, context_.random);
        return;
    }
    outbox_failures_ = 0;
    const Instant wall = context_.clock.now();
    Millis away = k_idle_poll;
    if (answer->next_due) {
        metrics_.lag(std::max(Millis{0}, wall - *answer->next_due));
        away = std::clamp(*answer->next_due - wall, k_shortest_poll, k_idle_poll);
    } else {
        metrics_.lag(Millis{0});
    }
    lease_at_ = now + away;
    for (auto& row : answer->rows) admit(std::move(row), wall);
    metrics_.in_flight(rows_.size());
}

void Engine::admit(LeasedRow row, Instant now) {
    const DeliveryId id = row.delivery.id;
    if (rows_.contains(id)) {
        // Its lease ran out while we hold it (the wall clock was set, or the outbox would not take
        // the verdict). We know how it goes; sending it again would be a duplicate.
        metrics_.count(Fate::lease_expired);
        return;
    }
    auto dead = refuse_exhausted(row.delivery, limits_, now);
    Row& held = rows_[id];
    held.delivery = std::move(row.delivery);
    held.remote_id = std::move(row.remote_id);
    if (!dead) {
        ready_.push_back(id);
        return;
    }
    const auto result = DeliveryResult::rejected(Cause::exhausted, dead->text);
    report(held.delivery, result, *dead);
    settle_later(std::move(*dead));
}

void Engine::settle_later(Settlement settlement) {
    rows_.at(settlement.id).phase = Phase::settling;
    if (settlement.kind == Settlement::Kind::release) metrics_.count(Fate::released);
    settlements_.push_back(std::move(settlement));
}

void Engine::settled(const SettleStep& step, const Result<void>& answer) {
    if (!answer) {
        metrics_.outbox_error();
        context_.log.warn("outbox_settle_failed", {{"connector", name_},
                                                   {"deliveries", step.settlements.size()},
                                                   {"error", answer.error().message}});
        return not_settled(step);
    }
    outbox_failures_ = 0;
    drop(step);
    if (settlements_.empty()) settles_singly_ = false;
    lease_at_ = context_.clock.steady_now();  // the incidents' next rows may be free now
}

void Engine::not_settled(const SettleStep& step) {
    const Steady now = context_.clock.steady_now();
    settle_at_ = now;  // at a stop: one try for each of the others
    if (stopping_ && settles_singly_ && outbox_failures_ >= k_outbox_failures_at_stop) {
        // The rows come back when their lease ends, and are then sent again with the same key.
        for (const Settlement& lost : step.settlements) {
            metrics_.count(Fate::verdict_lost);
            context_.log.warn("delivery_verdict_lost",
                              {{"connector", name_}, {"delivery", lost.id.value}});
        }
        return drop(step);
    }
    if (settles_singly_)
        std::rotate(settlements_.begin(), settlements_.begin() + 1, settlements_.end());
    settles_singly_ = true;
    settle_at_ += k_shortest_poll + k_outbox_backoff.delay(outbox_failures_++, context_.random);
}

void Engine::drop(const SettleStep& step) {
    for (const Settlement& gone : step.settlements) {
        std::erase_if(settlements_, [&gone](const Settlement& s) { return s.id == gone.id; });
        rows_.erase(gone.id);
    }
    metrics_.in_flight(rows_.size());
}

void Engine::finished(DeliveryId id, const DeliveryResult& result, Millis elapsed) {
    const auto found = rows_.find(id);
    if (found == rows_.end() || found->second.phase != Phase::attempting) return;
    Row& row = found->second;
    metrics_.took(elapsed);
    judge_other_side(row, result);
    auto judged = verdict(row.delivery, result, limits_, context_.clock.now(), context_.random);
    report(row.delivery, result, judged);
    settle_later(std::move(judged));
}

// "In no time" is no time: a tool that answers 429 with Retry-After: 0 would be called at full
// rate.
void Engine::leave_in_peace(const Row& row, const DeliveryResult& result, Steady now) {
    const Millis asked = std::min(result.retry_after.value_or(Millis{0}), limits_.retry_after_cap);
    if (asked > Millis{0}) {
        pause_.asked(now + asked);
    } else if (result.cause == Cause::throttled) {
        pause_.throttled(row.era, now, context_.random);
    }
}

// Does the answer say something about the other side as a whole?
void Engine::judge_other_side(const Row& row, const DeliveryResult& result) {
    const Steady now = context_.clock.steady_now();
    leave_in_peace(row, result, now);
    const CircuitState before = circuit_.state();
    if (blames_connector(result)) {
        circuit_.failed(row.probe, result, now, pause_.until(), context_.random);
    } else if (result.cause == Cause::bad_payload) {
        circuit_.inconclusive(row.probe);  // nothing was asked of the other side
    } else {
        circuit_.succeeded(row.probe);
        if (result.cause != Cause::throttled) pause_.answered(row.era);
    }
    const CircuitState after = circuit_.state();
    if (before == after) return;
    metrics_.circuit(after);
    if (after == CircuitState::open) {
        metrics_.circuit_opened(circuit_.cause());
        context_.log.warn(
            "circuit_opened",
            {{"connector", name_},
             {"cause", to_string(circuit_.cause())},
             {"reason", circuit_.reason()},
             {"probe_in_ms", std::chrono::ceil<Millis>(circuit_.opens_until() - now).count()}});
    } else if (after == CircuitState::closed) {
        context_.log.info("circuit_closed", {{"connector", name_}});
    }
}

void Engine::report(const Delivery& delivery, const DeliveryResult& result,
                    const Settlement& verdict) {
    const auto& log = context_.log;
    if (result.outcome == Outcome::accepted) {
        metrics_.count(Fate::accepted);
        log.info("delivery_accepted", {{"connector", name_},
                                       {"key", delivery.idempotency_key},
                                       {"attempts", delivery.attempts},
                                       {"remote_id", verdict.text}});
        return;
    }
    metrics_.failed(result.cause);
    if (verdict.kind == Settlement::Kind::dead) {
        const bool refused =
            result.outcome == Outcome::rejected && result.cause != Cause::exhausted;
        metrics_.count(refused ? Fate::rejected : Fate::exhausted);
        log.error("delivery_dead", {{"connector", name_},
                                    {"key", delivery.idempotency_key},
                                    {"delivery", delivery.id.value},
                                    {"attempts", delivery.attempts},
                                    {"reason", verdict.text}});
        return;
    }
    metrics_.count(result.outcome == Outcome::ambiguous ? Fate::ambiguous : Fate::retry_later);
    log.warn("delivery_retry", {{"connector", name_},
                                {"key", delivery.idempotency_key},
                                {"attempts", delivery.attempts},
                                {"next_attempt", to_rfc3339(verdict.at)},
                                {"reason", verdict.text}});
}

void Engine::notify() { lease_at_ = context_.clock.steady_now(); }

void Engine::stop() { stopping_ = true; }

std::size_t Engine::attempting() const {
    return static_cast<std::size_t>(std::count_if(rows_.begin(), rows_.end(), [](const auto& row) {
        return row.second.phase == Phase::attempting;
    }));
}

}  // namespace gantry::connectors
