// Router: which room answers a path. Health and metrics are answered here, without a credential, so
// that probes and Prometheus need none; they say nothing about tenants.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "app/gantryd/credential_rate.hpp"
#include "core/http/message.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::app {

struct Routes {
    using Sub = std::function<boost::asio::awaitable<http::Response>(std::string rest,
                                                                     http::Request request)>;
    Sub agent;   // /api/v1/agent/<rest>
    Sub intake;  // /api/v1/intake/<rest>
    std::function<boost::asio::awaitable<http::Response>(http::Request)> api;  // /api/v1/...
    std::function<std::string()> not_ready;  // why no work is taken; "" = it is
    std::function<bool()> serving;           // false while starting: 503 for all but the probes
    telemetry::Registry& metrics;
    CredentialRate* rate = nullptr;  // of intake and reports; null: unlimited
};

boost::asio::awaitable<http::Response> route(const Routes& routes, http::Request request);

}  // namespace gantry::app
