// IntakeDesk: the HTTP side of POST /api/v1/intake/<format>. Answers 202 when the body is durable,
// or when every alert in it is a resend that changes nothing.
//
// Threading: coroutines on the server's executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "collector/intake/generic.hpp"
#include "core/http/message.hpp"
#include "core/ports/authenticator.hpp"
#include "core/ports/event_gate.hpp"
#include "core/ports/organisation_names.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::collector {

class IntakeDesk {
public:
    IntakeDesk(EventGate& events, Authenticator& authenticator, OrganisationNames& organisations,
               const Clock& clock, telemetry::Registry& metrics);

    // `format` is the path's last part: "generic". `?organisation=` is for callers of several; its
    // name or id must be of one that exists.
    boost::asio::awaitable<http::Response> handle(std::string format, http::Request request);

private:
    boost::asio::awaitable<http::Response> take(OrganisationId organisation, http::Request request);
    telemetry::Counter& refused(const char* reason);
    http::Response refuse(int status, const char* reason, const std::string& detail);

    EventGate& events_;
    Authenticator& authenticator_;
    OrganisationNames& organisations_;
    const Clock& clock_;
    telemetry::Registry& metrics_;
    telemetry::Counter& accepted_;
    GenericIntake generic_;
};

}  // namespace gantry::collector
