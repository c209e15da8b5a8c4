#include "app/gantryd/deliveries.hpp"

#include "app/gantryd/outbox_house.hpp"
#include "connectors/engine/runner.hpp"
#include "connectors/engine/settings.hpp"
#include "connectors/mail/mail.hpp"
#include "connectors/webhook/webhook.hpp"
#include "core/records/access.hpp"
#include "itsm/outbox/sql_outbox.hpp"

namespace gantry::app {
namespace {

using connectors::ConnectorRunner;

// gantry.yaml's words for one connector in the engine's.
connectors::ConnectorSettings engine_settings(const ConnectorSettings& from, const Settings& all) {
    connectors::ConnectorSettings out;
    out.name = from.name;
    out.ca_file = from.ca_file;
    out.limits.concurrency = static_cast<std::size_t>(from.concurrency);
    out.limits.per_minute = from.per_minute;
    out.limits.attempt_timeout = from.timeout;
    out.limits.max_age = from.give_up_after;
    if (from.kind == ConnectorKind::webhook) {
        out.kind = connectors::ConnectorKind::webhook;
        out.url = from.url;
        if (!from.secret.reveal().empty()) out.secrets = {from.secret};
        return out;
    }
    out.kind = connectors::ConnectorKind::mail;
    out.url = all.mail.url;
    out.ca_file = all.mail.ca_file;
    out.username = all.mail.username;
    out.password = all.mail.password;
    out.require_tls = all.mail.require_tls;
    out.from = from.from;
    out.to = from.to;
    out.message_id_domain = from.from.substr(from.from.rfind('@') + 1);
    return out;
}

std::unique_ptr<connectors::Connector> make_connector(const connectors::ConnectorSettings& settings,
                                                      const DeliveriesParts& parts) {
    if (settings.kind == connectors::ConnectorKind::webhook) {
        http::ClientOptions options;
        options.ca_file = settings.ca_file;
        return connectors::make_webhook({settings.name, settings.url, settings.secrets,
                                         http::make_client(options), parts.clock});
    }
    http::SmtpOptions smtp;
    smtp.url = settings.url;
    smtp.require_tls = settings.require_tls;
    smtp.ca_file = settings.ca_file;
    smtp.username = settings.username;
    smtp.password = settings.password;
    smtp.timeout = settings.limits.attempt_timeout;
    return connectors::make_mail({settings.name, settings.from, settings.to,
                                  settings.message_id_domain, http::make_mail_sender(smtp),
                                  parts.clock, parts.metrics, parts.log});
}

}  // namespace

struct Deliveries::Inside {
    explicit Inside(DeliveriesParts p)
        : parts(std::move(p)), outbox(itsm::make_outbox(parts.database)) {}

    DeliveriesParts parts;
    std::unique_ptr<Outbox> outbox;
    std::unique_ptr<OutboxHouse> house;
    std::vector<std::unique_ptr<ConnectorRunner>> runners;
    Worker worker{"outbox"};  // last: joined before what its jobs use is gone
};

Deliveries::Deliveries(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Deliveries::~Deliveries() = default;

Result<std::unique_ptr<Deliveries>> Deliveries::make(DeliveriesParts parts,
                                                     const Settings& settings) {
    auto inside = std::make_unique<Inside>(std::move(parts));
    const DeliveriesParts& p = inside->parts;
    std::vector<std::string> names;
    for (const ConnectorSettings& configured : settings.connectors) {
        names.push_back(configured.name);
        const auto engine = engine_settings(configured, settings);
        if (auto valid = connectors::validate(engine); !valid) return valid.error();
        inside->runners.push_back(std::make_unique<ConnectorRunner>(
            p.executor, engine.name, engine.limits,
            [engine, &p] { return make_connector(engine, p); }, *inside->outbox, inside->worker,
            connectors::EngineContext{p.clock, p.random, p.metrics, p.log}));
    }
    inside->house = std::make_unique<OutboxHouse>(
        OutboxHouseParts{p.executor, p.database, inside->worker, p.clock, p.metrics, p.log},
        std::move(names), settings.delivery_retention);
    return std::unique_ptr<Deliveries>(new Deliveries(std::move(inside)));
}

void Deliveries::start() {
    for (const auto& runner : inside_->runners) runner->start();
    inside_->house->start();
}

void Deliveries::notify() {
    for (const auto& runner : inside_->runners) runner->notify();
}

boost::asio::awaitable<void> Deliveries::stop() {
    for (const auto& runner : inside_->runners) co_await runner->stop();
    co_await inside_->house->stop();
}

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
