#include "connectors/webhook/webhook.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/engine/retry_after.hpp"
#include "core/base/text.hpp"
#include "core/crypto/crypto.hpp"

namespace gantry::connectors {
namespace {

constexpr std::size_t k_max_remote_id_bytes = 128;
constexpr std::size_t k_shown_answer_bytes = 200;

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

// The "id" of a JSON answer, a text or a number; "" when there is none, or none that a header line
// can carry back: the next delivery's would be refused for it.
std::string remote_id_of(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object()) return {};
    const auto id = json.find("id");
    if (id == json.end()) return {};
    if (id->is_string()) {
        const auto& text = id->get_ref<const std::string&>();
        return has_control(text) ? std::string() : truncate_utf8(text, k_max_remote_id_bytes);
    }
    return id->is_number_integer() ? id->dump() : std::string();
}

std::string status_text(const http::Response& answer) {
    std::string out = "status " + std::to_string(answer.status);
    const std::string shown = truncate_utf8(sanitise(answer.body), k_shown_answer_bytes);
    if (!shown.empty()) out += ": " + shown;
    return out;
}

// What a status says of the delivery, or of the way it went (docs/specs/delivery.md). Only an
// answer about the document itself is for ever: a receiver whose secret is being changed, or whose
// ingress has no backend just now, must not turn everything that waits into dead letters.
Cause cause_of(int status) {
    if (status >= 200 && status < 300) return Cause::none;
    if (status >= 300 && status < 400) return Cause::redirect;
    if (status >= 500 && status < 600) return Cause::server_error;
    if (status < 400 || status > 499) return Cause::bad_answer;
    switch (status) {
        case 400:
        case 405:
        case 413:
        case 415:
        case 422: return Cause::refused;
        case 408:
        case 409:
        case 423:
        case 425: return Cause::busy;
        case 429: return Cause::throttled;
        default: return Cause::turned_away;
    }
}

class Webhook final : public Connector {
public:
    explicit Webhook(WebhookParts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] const std::string& name() const override { return parts_.name; }

    DeliveryResult deliver(const Delivery& delivery, const std::string& remote_id,
                           Millis timeout) override {
        const auto answer = parts_.client->send(request_for(delivery, remote_id, timeout));
        return answer ? judge(*answer) : judge(answer.error());
    }

private:
    http::ClientRequest request_for(const Delivery& delivery, const std::string& remote_id,
                                    Millis timeout) const {
        const std::string timestamp = std::to_string(to_ms(parts_.clock.now()) / 1000);
        http::ClientRequest request;
        request.method = "POST";
        request.url = parts_.url;
        request.timeout = timeout;
        request.status_decides = true;  // sent again, a hopeless body would come again
        request.body = delivery.payload;
        request.headers = {
            {"Content-Type", "application/json"},
            {"Idempotency-Key", delivery.idempotency_key},
            {"X-Gantry-Delivery", delivery.idempotency_key},
            {"X-Gantry-Event", std::string("incident.") + to_string(delivery.operation)},
            {"X-Gantry-Timestamp", timestamp},
        };
        // An id from before such ids were left out must not hold its incident back for ever.
        if (!remote_id.empty() && !has_control(remote_id)) {
            request.headers.emplace_back("X-Gantry-Remote-Id", remote_id);
        }
        if (!parts_.secrets.empty()) {
            request.headers.emplace_back("X-Gantry-Signature",
                                         signature(timestamp + "." + delivery.payload));
        }
        return request;
    }

    [[nodiscard]] std::string signature(const std::string& signed_text) const {
        std::string out;
        for (const auto& secret : parts_.secrets) {
            if (!out.empty()) out += ',';
            out += "v1=" + crypto::hmac_sha256_hex(secret.reveal(), signed_text);
        }
        return out;
    }

    [[nodiscard]] DeliveryResult judge(const http::Response& answer) const {
        const Cause cause = cause_of(answer.status);
        if (cause == Cause::none) return DeliveryResult::accepted(remote_id_of(answer.body));
        std::string text = status_text(answer);
        if (cause == Cause::refused) return DeliveryResult::rejected(cause, std::move(text));
        if (cause == Cause::bad_answer) return DeliveryResult::ambiguous(cause, std::move(text));
        if (cause == Cause::redirect) {
            text += "; redirects are not followed: configure the final URL";
        }
        const auto wait = parse_retry_after(
            http::find_header(answer.headers, "Retry-After").value_or(""), parts_.clock.now());
        return DeliveryResult::retry_later(cause, std::move(text), wait);
    }

    static DeliveryResult judge(const Error& error) {
        switch (error.code) {
            case ErrorCode::unavailable:
                return DeliveryResult::retry_later(Cause::connection, error.message);
            case ErrorCode::timeout:
                return DeliveryResult::ambiguous(Cause::timeout, error.message);
            case ErrorCode::limit:
                return DeliveryResult::ambiguous(Cause::bad_answer, error.message);
            case ErrorCode::invalid_input:
                return DeliveryResult::retry_later(Cause::bad_settings, error.message);
            default: return DeliveryResult::ambiguous(Cause::reset, error.message);
        }
    }

    WebhookParts parts_;
};

}  // namespace

std::unique_ptr<Connector> make_webhook(WebhookParts parts) {
    return std::make_unique<Webhook>(std::move(parts));
}

}  // namespace gantry::connectors
