// What an operator says about one connector, as plain values; core/settings reads them from YAML,
// app maps them here. validate() is the single place for rules that go across keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/async/backoff.hpp"
#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/model/delivery.hpp"
#include "core/time/clock.hpp"

namespace gantry::connectors {

enum class ConnectorKind : std::uint8_t { webhook = 0, mail };
[[nodiscard]] const char* to_string(ConnectorKind kind);
[[nodiscard]] bool parse(std::string_view text, ConnectorKind& out);

// How hard the engine may try. The defaults suit a tool that people use.
struct DeliveryLimits {
    std::size_t concurrency = 4;     // 1 to 64 deliveries under way
    std::int64_t per_minute = 600;   // 1 to 60,000; the bucket holds one second's worth
    Millis attempt_timeout{15'000};  // 100 ms to 5 min, the whole exchange
    Backoff backoff{Millis{2'000}, Millis{15 * 60'000}};  // full jitter
    Millis max_age{24 * 3'600'000};     // then a failed attempt ends in the dead letters
    std::int64_t max_attempts = 500;    // a fence: also ends a row that kills the process
    Millis retry_after_cap{3'600'000};  // longer wishes of the other side are cut to this
    int circuit_failures = 5;           // failures in a row of the tool itself; then open
    Backoff circuit{Millis{10'000}, Millis{5 * 60'000}};  // until the next probe
};

struct ConnectorSettings {
    std::string name;  // [a-z0-9-], 1 to 40; part of idempotency keys
    ConnectorKind kind = ConnectorKind::webhook;
    std::string url;      // http(s)://... or smtp(s)://host:port
    std::string ca_file;  // PEM; empty = the system's store

    // webhook: signing secrets, the new one first
    std::vector<Redacted<std::string>> secrets;

    // mail
    std::string from;
    std::vector<std::string> to;  // 1 to 50
    std::string username;
    Redacted<std::string> password;
    bool require_tls = false;
    std::string message_id_domain;  // empty = the domain of `from`

    // Which deliveries are written for it (applied when the outbox row is written).
    std::vector<std::string> organisations;  // names; empty = all
    int min_priority = 5;                    // 1 to 5: P1 up to this one
    std::vector<Operation> operations;       // empty = all

    DeliveryLimits limits;
};

// The rules for single values, for readers that know where a value stands.
[[nodiscard]] bool is_connector_name(std::string_view name);
// Enough of RFC 5321 to catch a typing error and to keep line ends out of header and envelope.
[[nodiscard]] bool is_mail_address(std::string_view address);
// What is wrong with the URL of a connector of this kind, as "must ..."; "" = nothing. Schemes are
// lower case, as the clients take them.
[[nodiscard]] std::string url_problem(ConnectorKind kind, std::string_view url);

// invalid_input naming the connector, the key and the value (never a secret).
Result<void> validate(const ConnectorSettings& settings);
Result<void> validate(const std::string& name, const DeliveryLimits& limits);

}  // namespace gantry::connectors
