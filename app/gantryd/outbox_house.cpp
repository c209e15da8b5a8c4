#include "app/gantryd/outbox_house.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "itsm/outbox/backlog.hpp"

namespace gantry::app {
namespace asio = boost::asio;
namespace {

constexpr Millis k_tick{15'000};
// A transaction's worth; four thousand rows a minute are more than connectors deliver for long.
constexpr std::int64_t k_max_trimmed_rows = 1'000;

telemetry::Gauge& gauge(telemetry::Registry& metrics, const char* name, const char* help,
                        const std::string& connector) {
    return metrics.gauge(name, help, {{"connector", connector}});
}

}  // namespace

struct OutboxHouse::Gauges {
    Gauges(telemetry::Registry& metrics, const std::string& connector)
        : waiting(gauge(metrics, "gantry_outbox_waiting_rows",
                        "Deliveries that are pending or in flight.", connector)),
          blocked(gauge(metrics, "gantry_outbox_blocked_rows",
                        "Pending deliveries behind a dead open, until a person retries or "
                        "discards it.",
                        connector)),
          dead(gauge(metrics, "gantry_outbox_dead_rows",
                     "Deliveries given up, until a person retries or discards them.", connector)),
          oldest(gauge(metrics, "gantry_outbox_oldest_seconds",
                       "Age of the oldest delivery that is pending or in flight.", connector)) {}

    telemetry::Gauge& waiting;
    telemetry::Gauge& blocked;
    telemetry::Gauge& dead;
    telemetry::Gauge& oldest;
};

struct OutboxHouse::Round {
    std::vector<itsm::Backlog> backlogs;
    std::int64_t trimmed = 0;
};

OutboxHouse::OutboxHouse(OutboxHouseParts parts, std::vector<std::string> connectors,
                         Millis retention)
    : parts_(std::move(parts)),
      connectors_(std::move(connectors)),
      retention_(retention),
      trimmed_(parts_.metrics.counter(
          "gantry_outbox_trimmed_total",
          "Delivered and discarded deliveries removed after their retention.")),
      // What is trimmed twice after a crash is trimmed once too often for nobody: no flush.
      connection_(storage::LazyConnection::writing(parts_.database, storage::Durability::normal)),
      tick_(parts_.executor),
      tasks_(parts_.executor) {
    for (const std::string& connector : connectors_)
        gauges_.emplace_back(parts_.metrics, connector);
}

OutboxHouse::~OutboxHouse() = default;

void OutboxHouse::start() { tasks_.spawn(run()); }

asio::awaitable<void> OutboxHouse::stop() {
    stopping_ = true;
    tick_.cancel();
    co_await tasks_.join();
}

asio::awaitable<void> OutboxHouse::run() {
    while (!stopping_) {
        co_await keep();
        if (stopping_) break;
        tick_.expires_after(k_tick);
        boost::system::error_code cancelled;
        co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
}

asio::awaitable<void> OutboxHouse::keep() {
    auto job = [this] { return look(); };
    const auto round = co_await parts_.worker.run(std::move(job));
    if (!round) {
        parts_.log.warn("outbox_house_failed", {{"error", round.error().message}});
        co_return;
    }
    trimmed_.add(round->trimmed);
    const Instant now = parts_.clock.now();
    for (std::size_t i = 0; i < gauges_.size(); ++i) {
        const itsm::Backlog& backlog = round->backlogs[i];
        gauges_[i].waiting.set(backlog.waiting);
        gauges_[i].blocked.set(backlog.blocked);
        gauges_[i].dead.set(backlog.dead);
        const Millis age = backlog.waiting > 0 ? now - backlog.oldest : Millis{0};
        gauges_[i].oldest.set(std::max(age, Millis{0}).count() / 1000);
    }
}

Result<OutboxHouse::Round> OutboxHouse::look() {
    auto open = connection_.get();
    if (!open) return open.error();
    Round round;
    for (const std::string& connector : connectors_) {
        const auto backlog = itsm::backlog(**open, connector);
        if (!backlog) return backlog.error();
        round.backlogs.push_back(*backlog);
    }
    const auto trimmed =
        itsm::trim_outbox(**open, parts_.clock.now() - retention_, k_max_trimmed_rows);
    if (!trimmed) return trimmed.error();
    round.trimmed = *trimmed;
    return round;
}

}  // namespace gantry::app
