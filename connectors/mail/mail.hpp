// Mail: an incident as a thread of e-mails. The first mail opens the thread, the later ones answer
// it (In-Reply-To, References). The Message-ID is made of the delivery's idempotency key, so that a
// repeated attempt after an ambiguous failure is recognised by servers and mail programs: mail has
// no way to look before it sends. A recipient that the server refuses keeps the mail from nobody
// else: it is logged and counted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/engine/connector.hpp"
#include "core/http/mail.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::connectors {

struct MailParts {
    std::string name;
    std::string from;
    std::vector<std::string> to;
    std::string message_id_domain;  // never empty
    std::unique_ptr<http::MailSender> sender;
    const Clock& clock;
    telemetry::Registry& metrics;
    telemetry::Log log;
};

std::unique_ptr<Connector> make_mail(MailParts parts);

// The mail for a delivery whose payload is docs/specs/delivery.md's; for golden tests.
// invalid_input when the payload cannot be understood.
Result<http::Mail> compose_mail(const Delivery& delivery, const std::string& remote_id,
                                const std::string& from, const std::vector<std::string>& to,
                                const std::string& message_id_domain, Instant now);

}  // namespace gantry::connectors
