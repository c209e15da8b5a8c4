#include "connectors/mail/mail.hpp"

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/model/incident.hpp"

namespace gantry::connectors {
namespace {

using nlohmann::json;

// A member of an object as text; "" when absent or null.
std::string text_of(const json& object, const char* key) {
    const auto at = object.find(key);
    if (at == object.end() || at->is_null()) return {};
    return at->is_string() ? at->get<std::string>() : at->dump();
}

const char* headline(Operation operation) {
    switch (operation) {
        case Operation::open: return "A new incident was opened.";
        case Operation::update: return "The incident has changed.";
        case Operation::resolve: return "The incident is resolved.";
        case Operation::reopen: return "The incident is open again.";
        case Operation::note: return "A note was added.";
    }
    return "";
}

std::string body_of(Operation operation, const json& payload, const json& incident) {
    const json asset = payload.value("asset", json::object());
    const json organisation = payload.value("organisation", json::object());
    std::string out = std::string(headline(operation)) + "\n\n" + text_of(payload, "text") + "\n\n";
    const auto line = [&](const char* label, const std::string& value) {
        if (!value.empty()) out += std::string(label) + value + "\n";
    };
    line("Incident:      ", text_of(incident, "number") + " " + text_of(incident, "title"));
    line("State:         ", text_of(incident, "state"));
    line("Priority:      ", text_of(incident, "priority") + " (impact " +
                                text_of(incident, "impact") + ", urgency " +
                                text_of(incident, "urgency") + ")");
    line("Asset:         ", text_of(asset, "name"));
    line("Organisation:  ", text_of(organisation, "name"));
    line("Assigned to:   ", text_of(incident, "assignee"));
    line("Detected:      ", text_of(incident, "detected_at"));
    line("Resolved:      ", text_of(incident, "resolved_at"));
    return out;
}

class MailConnector final : public Connector {
public:
    explicit MailConnector(MailParts parts)
        : parts_(std::move(parts)),
          refused_now_(refused_for("temporary")),
          refused_(refused_for("permanent")) {}

    [[nodiscard]] const std::string& name() const override { return parts_.name; }

    DeliveryResult deliver(const Delivery& delivery, const std::string& remote_id,
                           Millis) override {
        const auto mail = compose_mail(delivery, remote_id, parts_.from, parts_.to,
                                       parts_.message_id_domain, parts_.clock.now());
        if (!mail) return DeliveryResult::rejected(Cause::bad_payload, mail.error().message);
        const auto sent = parts_.sender->send(*mail);
        if (sent) {
            for (const auto& recipient : sent->refused) tell(recipient, delivery.idempotency_key);
            // The thread's first Message-ID is what the other side knows the incident by.
            return DeliveryResult::accepted(remote_id.empty() ? mail->message_id : remote_id);
        }
        switch (sent.error().code) {
            case ErrorCode::invalid_input:
                return DeliveryResult::rejected(Cause::refused, sent.error().message);
            case ErrorCode::forbidden:
                return DeliveryResult::retry_later(Cause::turned_away, sent.error().message);
            case ErrorCode::timeout:
                return DeliveryResult::ambiguous(Cause::timeout, sent.error().message);
            case ErrorCode::internal:
                return DeliveryResult::ambiguous(Cause::reset, sent.error().message);
            case ErrorCode::limit:
                return DeliveryResult::retry_later(Cause::busy, sent.error().message);
            default: return DeliveryResult::retry_later(Cause::connection, sent.error().message);
        }
    }

private:
    telemetry::Counter& refused_for(const char* reason) {
        return parts_.metrics.counter("gantry_mail_recipients_refused_total",
                                      "Recipients that got no copy of a mail that was accepted.",
                                      {{"connector", parts_.name}, {"reason", reason}});
    }

    void tell(const http::RefusedRecipient& recipient, const std::string& key) {
        (recipient.temporary ? refused_now_ : refused_).add();
        parts_.log.warn("mail_recipient_refused", {{"connector", parts_.name},
                                                   {"key", key},
                                                   {"recipient", recipient.address},
                                                   {"reply", recipient.reply}});
    }

    MailParts parts_;
    telemetry::Counter& refused_now_;
    telemetry::Counter& refused_;
};

}  // namespace

Result<http::Mail> compose_mail(const Delivery& delivery, const std::string& remote_id,
                                const std::string& from, const std::vector<std::string>& to,
                                const std::string& message_id_domain, Instant now) {
    const json payload = json::parse(delivery.payload, nullptr, false);
    if (!payload.is_object() || !payload.contains("incident") || !payload["incident"].is_object()) {
        return fail(ErrorCode::invalid_input, "the payload has no incident");
    }
    const json& incident = payload["incident"];
    http::Mail mail;
    mail.from = from;
    mail.to = to;
    mail.date = now;
    mail.message_id = "gantry." + delivery.idempotency_key + "@" + message_id_domain;
    const bool opens = remote_id.empty();
    if (!opens) {
        mail.in_reply_to = remote_id;
        mail.references = {remote_id};
    }
    const std::string number = text_of(incident, "number");
    // The subject stays the same over the thread, the priority aside: programs group by it.
    mail.subject =
        std::string(opens ? "" : "Re: ") + "[" + number + "] " + text_of(incident, "title");
    mail.headers = {{"Auto-Submitted", "auto-generated"},
                    {"X-Gantry-Incident", number},
                    {"X-Gantry-Event", std::string("incident.") + to_string(delivery.operation)},
                    {"X-Gantry-Priority", text_of(incident, "priority")}};
    mail.text = body_of(delivery.operation, payload, incident);
    return mail;
}

std::unique_ptr<Connector> make_mail(MailParts parts) {
    return std::make_unique<MailConnector>(std::move(parts));
}

}  // namespace gantry::connectors
