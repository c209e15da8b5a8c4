// OutboxHouse: keeps gantryd's outbox in bounds. Every few seconds it tells the metrics what waits
// for each connector and for how long, and takes away a portion of what was delivered or discarded
// longer ago than the retention.
//
// Threading: the server's executor; the SQL runs on the outbox's worker. stop() before destruction,
// unless start() was never called.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/async/task_group.hpp"
#include "core/async/worker.hpp"
#include "core/storage/lazy_connection.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

struct OutboxHouseParts {
    boost::asio::any_io_executor executor;
    storage::Database& database;
    Worker& worker;
    const Clock& clock;
    telemetry::Registry& metrics;
    telemetry::Log log;
};

class OutboxHouse {
public:
    OutboxHouse(OutboxHouseParts parts, std::vector<std::string> connectors, Millis retention);
    ~OutboxHouse();
    OutboxHouse(const OutboxHouse&) = delete;
    OutboxHouse& operator=(const OutboxHouse&) = delete;

    void start();
    boost::asio::awaitable<void> stop();
    // One round; what start() repeats. A failure is logged and the next round tries again.
    boost::asio::awaitable<void> keep();

private:
    struct Gauges;
    struct Round;
    boost::asio::awaitable<void> run();
    Result<Round> look();  // on the worker

    OutboxHouseParts parts_;
    std::vector<std::string> connectors_;
    Millis retention_;
    std::vector<Gauges> gauges_;  // one a connector, in their order
    telemetry::Counter& trimmed_;
    storage::LazyConnection connection_;  // the worker's
    boost::asio::steady_timer tick_;
    TaskGroup tasks_;
    bool stopping_ = false;
};

}  // namespace gantry::app
