// Webhook: a signed JSON POST to a URL of the operator's choice. docs/specs/delivery.md tells a
// receiver how to verify and what to answer.
//
//   Idempotency-Key, X-Gantry-Delivery   the delivery's key: equal over all attempts
//   X-Gantry-Event                       incident.open, incident.update, incident.resolve ...
//   X-Gantry-Timestamp                   seconds since 1970 of this attempt
//   X-Gantry-Signature                   v1=<hex>[,v1=<hex>]: HMAC-SHA256(secret, timestamp "."
//   body),
//                                        one per secret while they rotate; any may match
//
// 2xx is accepted, whatever its body; a JSON answer's "id" becomes the remote id. Redirects are
// never followed.
// Private addresses are allowed: the operator names the URL, nobody else can.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/engine/connector.hpp"
#include "core/base/redacted.hpp"
#include "core/http/client.hpp"

namespace gantry::connectors {

struct WebhookParts {
    std::string name;
    std::string url;
    std::vector<Redacted<std::string>> secrets;  // resolved; none = unsigned
    std::unique_ptr<http::Client> client;
    const Clock& clock;
};

std::unique_ptr<Connector> make_webhook(WebhookParts parts);

}  // namespace gantry::connectors
