// Engine: drains one connector's outbox rows, as a state machine without threads, sockets or waits.
// next() says what to do, the driver does it and reports back; all time comes from the Clock. Per
// row: lease -> attempt -> settle (delivered, retry, dead), with the verdict rules of verdict.hpp.
//
// It holds at most `concurrency` rows. It does not lease while the circuit is open, while the other
// side wants peace (Retry-After, or a 429 without one, holds back the whole connector) or without a
// token of the rate limit; rows that are leased but not begun when that happens are released, not
// burned. A verdict that the outbox cannot take yet is kept and repeated, and its row is not sent
// again meanwhile, even when its lease runs out.
//
// Threading: none of its own; one strand. Lifetime: clock, random, metrics and log outlive it.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "connectors/engine/circuit.hpp"
#include "connectors/engine/connector.hpp"
#include "connectors/engine/engine_metrics.hpp"
#include "connectors/engine/outbox_step.hpp"
#include "connectors/engine/pause.hpp"
#include "connectors/engine/settings.hpp"
#include "connectors/engine/step.hpp"
#include "core/async/token_bucket.hpp"
#include "core/base/random.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::connectors {

struct EngineContext {
    const Clock& clock;
    RandomSource& random;
    telemetry::Registry& metrics;
    const telemetry::Log& log;
};

class Engine {
public:
    // REQUIRES: validate(name, limits).
    Engine(std::string name, DeliveryLimits limits, EngineContext context);

    // The most urgent thing to do. An AttemptStep counts as begun when returned; the others do
    // nothing until reported back.
    Step next();

    void leased(Result<LeaseAnswer> answer);  // of a LeaseStep
    void settled(const SettleStep& step, const Result<void>& answer);
    void finished(DeliveryId id, const DeliveryResult& result, Millis elapsed);

    void notify();  // new rows were committed: lease now
    // Releases what has not begun and waits for what has; a broken outbox is not waited for: what
    // it does not take then is sent again, with the same key, when the lease has ended.
    void stop();

    [[nodiscard]] std::size_t held() const { return rows_.size(); }
    [[nodiscard]] std::size_t attempting() const;
    [[nodiscard]] const Circuit& circuit() const { return circuit_; }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    using Steady = std::chrono::steady_clock::time_point;
    enum class Phase : std::uint8_t { ready, attempting, settling };
    struct Row {
        Delivery delivery;
        std::string remote_id;
        Phase phase = Phase::ready;
        bool probe = false;
        Pause::Era era = 0;  // when it began
    };

    std::optional<Step> next_settlement(Steady now);
    std::optional<Step> next_ready(Steady now);
    std::optional<Step> next_lease(Steady now);
    Step wait_or_stop(Steady now);
    std::size_t permits(Steady now);
    Steady blocked_until(Steady now);
    void admit(LeasedRow row, Instant now);
    void settle_later(Settlement settlement);
    void not_settled(const SettleStep& step);
    void drop(const SettleStep& step);
    void judge_other_side(const Row& row, const DeliveryResult& result);
    void leave_in_peace(const Row& row, const DeliveryResult& result, Steady now);
    void report(const Delivery& delivery, const DeliveryResult& result, const Settlement& verdict);

    std::string name_;
    DeliveryLimits limits_;
    EngineContext context_;
    EngineMetrics metrics_;
    Circuit circuit_;
    TokenBucket bucket_;
    Pause pause_;
    std::map<DeliveryId, Row> rows_;
    std::deque<DeliveryId> ready_;
    std::deque<Settlement> settlements_;
    Steady settle_at_{};  // after the outbox failed: not before
    // Since it did not take all of them: the one it cannot take must not hold back the others.
    bool settles_singly_ = false;
    Steady lease_at_{};
    std::int64_t outbox_failures_ = 0;  // in a row
    bool stopping_ = false;
};

}  // namespace gantry::connectors
