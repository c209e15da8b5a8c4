// Deliveries: the configured connectors, each with its runner, over the outbox. One thread for the
// outbox's SQL (durability full), threads of each runner for the attempts. What was delivered is
// removed after `deliveries.retention`; what waits is told to the metrics (outbox_house.hpp).
//
// Threading: the server's executor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "app/gantryd/settings.hpp"
#include "core/async/worker.hpp"
#include "core/base/random.hpp"
#include "core/model/subscription.hpp"
#include "core/ports/outbox.hpp"
#include "core/storage/database.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::app {

struct DeliveriesParts {
    boost::asio::any_io_executor executor;
    storage::Database& database;
    const Clock& clock;
    RandomSource& random;
    telemetry::Registry& metrics;
    telemetry::Log log;
};

class Deliveries {
public:
    // invalid_input names the connector and the key that is wrong.
    static Result<std::unique_ptr<Deliveries>> make(DeliveriesParts parts,
                                                    const Settings& settings);
    ~Deliveries();

    void start();
    void notify();  // rows may have been committed
    boost::asio::awaitable<void> stop();

private:
    struct Inside;
    explicit Deliveries(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

// What the ticket store must know of the connectors; organisations named there are made when
// missing.
Result<std::vector<Subscription>> subscriptions_of(const std::vector<ConnectorSettings>& connectors,
                                                   storage::Database& database, Instant now);

}  // namespace gantry::app
