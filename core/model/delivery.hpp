// Delivery: one outbox row on its way to an external tool. Written in the incident's transaction;
// drained by connectors/engine. A delivery ends accepted, retry_later or rejected, with the reason.
#pragma once

#include <string>
#include <string_view>

#include "core/base/strong_id.hpp"
#include "core/time/clock.hpp"

namespace gantry {

// Discarded: was dead, and a person decided that it shall not be sent.
enum class DeliveryState : std::uint8_t { pending = 0, in_flight, delivered, dead, discarded };
enum class Operation : std::uint8_t { open = 0, update, resolve, reopen, note };

[[nodiscard]] const char* to_string(DeliveryState state);
[[nodiscard]] const char* to_string(Operation operation);
[[nodiscard]] bool parse(std::string_view text, DeliveryState& out);

struct Delivery {
    DeliveryId id;
    OrganisationId organisation;
    std::string connector;  // its name in gantry.yaml
    IncidentId incident;
    Operation operation = Operation::open;
    std::string idempotency_key;  // stable over attempts: "INC0000001.3.operations-webhook"
    std::string payload;          // JSON document of docs/specs/delivery.md, fixed when written
    DeliveryState state = DeliveryState::pending;
    std::int64_t attempts = 0;
    Instant created_at{};
    Instant next_attempt_at{};
    Instant lease_until{};
    Instant delivered_at{};
    std::string last_error;
    std::string remote_id;  // what the other side calls it
};

}  // namespace gantry
