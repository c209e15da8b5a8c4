// The Explainer: decisions from the records, their events from the journal (as long as it keeps
// them), sentences from correlator/explain.
#pragma once

#include <memory>

#include "collector/intake/generic.hpp"
#include "core/async/worker.hpp"
#include "core/journal/journal.hpp"
#include "core/ports/explainer.hpp"
#include "core/ports/service_desk.hpp"
#include "core/records/decisions.hpp"
#include "core/storage/lazy_connection.hpp"
#include "correlator/rules/rules.hpp"

namespace gantry::app {

class DecisionExplainer final : public Explainer {
public:
    DecisionExplainer(storage::Database& database, Worker& reader, ServiceDesk& desk,
                      journal::Journal& journal, correlator::RuleSet rules);
    ~DecisionExplainer() override;

    boost::asio::awaitable<Result<Explanation>> explain(Scope scope, std::string id) override;

private:
    struct Found;  // what one read of the records gave
    Result<Found> find(const Scope& scope, const std::string& id);
    Result<Found> find_incident(storage::Connection& connection, const Scope& scope, IncidentId id);
    Result<Found> find_alert(storage::Connection& connection, const Scope& scope, AlertId id);
    Result<void> find_decisions(storage::Connection& connection, const Scope& scope,
                                const records::DecisionFilter& filter, Found& found);
    boost::asio::awaitable<std::optional<Event>> event_of(Decision decision);

    Worker& reader_;  // one thread
    ServiceDesk& desk_;
    journal::Journal& journal_;
    correlator::RuleSet rules_;
    collector::GenericIntake intake_;
    storage::LazyConnection connection_;  // the reader's
};

}  // namespace gantry::app
