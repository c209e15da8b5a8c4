// Connector: one external tool as the engine sees it, a door for a single delivery. The engine
// decides when, how often and what a failure means; a connector only translates.
//
// Threading: deliver() blocks and is called by one thread at a time; the engine makes one instance
// per concurrent delivery. Must not throw. Equal deliveries carry equal idempotency keys: a
// connector hands the key to the other side in whatever form it can be recognised by.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/model/delivery.hpp"
#include "core/time/clock.hpp"

namespace gantry::connectors {

enum class Outcome : std::uint8_t {
    accepted,     // the other side took responsibility
    retry_later,  // it did not, or said so; the same delivery may work later
    rejected,     // it never will: dead letter, for a person
    ambiguous,    // may have had its effect (timeout, reset): find, then send with the same key
};

// Why, coarse enough for a metric's label. The reason of a result is the sentence for people.
enum class Cause : std::uint8_t {
    none = 0,
    connection,    // refused, no route, DNS, TLS: nothing was sent
    timeout,       // sent, no answer in time
    reset,         // sent, the connection broke
    throttled,     // 429 and its kin
    server_error,  // 5xx
    busy,          // 408, 409, 423, 425, SMTP 4yz: this delivery, now
    refused,       // 400, 405, 413, 415, 422, SMTP 5yz of the text: this delivery, always
    turned_away,   // 401, 403, 404, 410 and the like, SMTP 5yz before the text: anything we send
    redirect,      // 3xx: never followed; as turned_away
    bad_answer,    // an answer that the protocol does not know, or too large
    bad_payload,   // a defect of ours: the row cannot be understood
    bad_settings,  // the connector cannot work as configured: nothing can be sent, until mended
    exhausted,     // too old or too many attempts
};
inline constexpr std::size_t k_cause_count = 14;

struct DeliveryResult {
    Outcome outcome = Outcome::retry_later;
    Cause cause = Cause::none;
    std::string reason;     // for people; bounded and sanitised by the engine
    std::string remote_id;  // accepted: what the other side calls it; "" = it did not say
    std::optional<Millis> retry_after;  // retry_later: not before; the engine caps it

    [[nodiscard]] static DeliveryResult accepted(std::string remote_id);
    [[nodiscard]] static DeliveryResult retry_later(Cause cause, std::string reason,
                                                    std::optional<Millis> retry_after = {});
    [[nodiscard]] static DeliveryResult rejected(Cause cause, std::string reason);
    [[nodiscard]] static DeliveryResult ambiguous(Cause cause, std::string reason);
};

[[nodiscard]] const char* to_string(Outcome outcome);
[[nodiscard]] const char* to_string(Cause cause);
// True when the next delivery would fail as well: the other side as a whole is unwell, or the way
// to it is (a secret changed, an address moved). Such failures open the circuit. A refused delivery
// is an answer to that delivery alone: the other side lives.
[[nodiscard]] bool blames_connector(const DeliveryResult& result);

class Connector {
public:
    virtual ~Connector() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    // `remote_id`: what the other side calls the incident, "" before the first accepted delivery.
    // `delivery.attempts` > 1 means that an earlier attempt may have had its effect: a connector
    // that can look things up by the key does so first. Returns within `timeout`.
    virtual DeliveryResult deliver(const Delivery& delivery, const std::string& remote_id,
                                   Millis timeout) = 0;
};

}  // namespace gantry::connectors
