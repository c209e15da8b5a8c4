// Api: the REST interface under /api/v1 for people, scripts and the page. Who calls is found from
// the bearer token; what they may do from the routing table (routes.hpp); which rows exist for them
// from their scope, enforced where rows are read. Errors are RFC 9457 problem documents with a
// stable `code`. The text of the contract is docs/api/openapi.yaml; a test keeps both equal.
//
// Reads run on two threads with read-only connections of their own, writes on one with a connection
// of full durability: 2xx means on the disk. Tickets are changed through CommandGate only.
//
// Threading: coroutines on the server's executor. Everything in ApiParts outlives the Api.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/base/random.hpp"
#include "core/http/message.hpp"
#include "core/ports/alert_finder.hpp"
#include "core/ports/authenticator.hpp"
#include "core/ports/command_gate.hpp"
#include "core/ports/explainer.hpp"
#include "core/ports/service_desk.hpp"
#include "core/ports/vitals.hpp"
#include "core/records/policies.hpp"
#include "core/storage/database.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "core/time/clock.hpp"

namespace gantry::console {

struct ApiParts {
    storage::Database& database;
    ServiceDesk& desk;
    CommandGate& commands;
    Authenticator& authenticator;
    Explainer& explainer;
    AlertFinder& alert_finder;
    VitalSigns& vitals;
    const Clock& clock;
    RandomSource& random;
    telemetry::Registry& metrics;
    telemetry::Log log;
    std::string version;
    // Would agents take this layer, laid over those below? invalid_input names what is wrong.
    std::function<Result<void>(const records::PolicyRow&)> check_policy;
    std::function<void()> access_changed;      // a token was revoked: forget what was cached
    std::function<void()> policies_changed;    // a policy was written
    std::function<void()> deliveries_changed;  // a delivery is due again
    // A row was revoked: its credential opens nothing from now on.
    std::function<void(const std::string& agent_id)> agent_revoked;
    // A row was approved: its reports are taken from now on.
    std::function<void(const std::string& agent_id)> agent_approved{};
};

class Api {
public:
    explicit Api(ApiParts parts);
    ~Api();

    boost::asio::awaitable<http::Response> handle(http::Request request);

private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace gantry::console
