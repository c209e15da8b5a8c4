#include "app/gantryd/deliveries.hpp"

#include "core/records/access.hpp"

namespace gantry::app {

struct Deliveries::Inside {};

Deliveries::Deliveries(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Deliveries::~Deliveries() = default;

Result<std::unique_ptr<Deliveries>> Deliveries::make(DeliveriesParts, const Settings&) {
    return std::unique_ptr<Deliveries>(new Deliveries(std::make_unique<Inside>()));
}
void Deliveries::start() {}
void Deliveries::notify() {}
boost::asio::awaitable<void> Deliveries::stop() { co_return; }

Result<std::vector<Subscription>> subscriptions_of(const std::vector<ConnectorSettings>& connectors,
                                                   storage::Database& database, Instant now) {
    std::vector<Subscription> out;
    auto connection = database.connect(storage::Durability::full);
    if (!connection) return connection.error();
    for (const ConnectorSettings& connector : connectors) {
        Subscription subscription;
        subscription.connector = connector.name;
        subscription.min_priority = connector.min_priority;
        subscription.operations = connector.operations;
        for (const std::string& name : connector.organisations) {
            auto organisation = records::ensure_organisation(**connection, name, now);
            if (!organisation) return organisation.error();
            subscription.organisations.push_back(organisation->id);
        }
        out.push_back(std::move(subscription));
    }
    return out;
}

}  // namespace gantry::app
