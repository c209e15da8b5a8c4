// ConnectorRunner: drives one Engine in production. The engine lives on the given executor (one
// thread); outbox calls go to the outbox's Worker, attempts to a Worker of the runner's own with
// one thread and one Connector per concurrent delivery.
//
//   runner.start();            // once
//   runner.notify();           // from any thread, after rows were committed
//   co_await runner.stop();    // waits for attempts under way: at most the attempt timeout
//
// Lifetime: outbox, worker and context outlive it. REQUIRES: stop() has returned, or start() was
// never called, before destruction.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "connectors/engine/connector.hpp"
#include "connectors/engine/engine.hpp"
#include "core/async/task_group.hpp"
#include "core/async/worker.hpp"
#include "core/ports/outbox.hpp"

namespace gantry::connectors {

// Makes one Connector; called `concurrency` times. Each is used by one thread at a time.
using ConnectorFactory = std::function<std::unique_ptr<Connector>()>;

class ConnectorRunner {
public:
    // `outbox` is used on `outbox_worker` only, which must have one thread.
    ConnectorRunner(boost::asio::any_io_executor executor, const std::string& name,
                    DeliveryLimits limits, const ConnectorFactory& factory, Outbox& outbox,
                    Worker& outbox_worker, EngineContext context);
    ~ConnectorRunner();
    ConnectorRunner(const ConnectorRunner&) = delete;
    ConnectorRunner& operator=(const ConnectorRunner&) = delete;

    void start();
    void notify();
    boost::asio::awaitable<void> stop();

private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> lease(LeaseStep step);
    boost::asio::awaitable<void> settle(SettleStep step);
    boost::asio::awaitable<void> attempt(AttemptStep step, std::size_t slot);
    boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
    void begin(AttemptStep step);
    void wake();

    boost::asio::any_io_executor executor_;
    Outbox& outbox_;
    Worker& outbox_worker_;
    EngineContext context_;
    Engine engine_;
    std::vector<std::unique_ptr<Connector>> connectors_;  // by slot
    std::vector<std::size_t> free_slots_;
    boost::asio::steady_timer timer_;  // the engine's next moment
    bool woken_ = false;
    TaskGroup tasks_;
    Worker attempts_;  // last: its threads end before what they use
};

}  // namespace gantry::connectors
