// gantryd's settings: what gantry.yaml can say, as plain structs whose members hold the defaults.
// No file is needed. Every key is described in docs/settings.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/http/mail.hpp"
#include "core/http/server.hpp"
#include "core/journal/embedded_journal.hpp"
#include "core/model/delivery.hpp"
#include "core/settings/reader.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::app {

enum class ConnectorKind : std::uint8_t { webhook, mail };

struct ConnectorSettings {
    std::string name;  // unique; stands in outbox rows, so renaming orphans what waits
    ConnectorKind kind = ConnectorKind::webhook;
    // webhook
    std::string url;
    Redacted<std::string> secret;  // signs the body with HMAC-SHA256
    std::string ca_file;
    // mail
    std::string from;
    std::vector<std::string> to;
    // both
    std::vector<std::string> organisations;  // names; empty = all
    int min_priority = 5;                    // 1 is the most urgent; 5 = every incident
    std::vector<Operation> operations{Operation::open, Operation::update, Operation::resolve,
                                      Operation::reopen};
    Millis timeout{15'000};  // of one attempt; of a mail what mail.timeout says, unless given
    Millis give_up_after{24 * 3'600'000};  // then the delivery is dead until replayed
    int concurrency = 4;
    std::int64_t per_minute = 600;
};

struct ServerSettings {
    http::ServerOptions http;        // certificate and key empty: gantryd's own, in DATA/tls
    std::vector<std::string> names;  // further host names and addresses of the own certificate
    Millis drain_timeout{10'000};
    std::int64_t rate_per_credential = 2'000;  // requests a second, of intake and reports
    std::int64_t burst_per_credential = 4'000;
};

struct CorrelatorSettings {
    std::string rules_file;  // empty: the rules built in (config/rules.yaml)
    Millis decision_retention{90LL * 86'400'000};
    std::size_t max_live_alerts = 1'000'000;
    std::size_t max_assets = 2'000'000;
    std::int64_t max_lag = 200'000;
};

struct AgentFleetSettings {
    std::string policy_file;       // empty: the policy built in (config/policies/default.yaml)
    Millis offline_after{60'000};  // at least; three of an agent's intervals when that is longer
};

struct Settings {
    std::string data_directory = "/var/lib/gantryd";
    telemetry::LogLevel log_level = telemetry::LogLevel::info;
    ServerSettings server;
    std::string storage_location;             // empty: DATA/gantry.db
    journal::EmbeddedJournalOptions journal;  // path is DATA/journal.db, set by the caller
    Millis journal_retention{7LL * 86'400'000};
    CorrelatorSettings correlator;
    AgentFleetSettings agents;
    http::SmtpOptions mail;
    Millis delivery_retention{30LL * 86'400'000};
    std::vector<ConnectorSettings> connectors;
    bool accept_lost_journal = false;  // command line only, see docs/operate.md
};

// Errors as settings::Document::load and read: every problem of the file, with its line.
Result<Settings> load_settings(const std::string& path, settings::Environment environment);
// From an open document, whose known_keys() then lists all keys.
Result<Settings> read_settings(settings::Document& document);

struct ListenAddress {
    std::string address;
    std::uint16_t port = 0;
};
// "127.0.0.1:8443", "[::1]:8443"; port 0 = any free one. invalid_input names the text.
Result<ListenAddress> parse_listen(std::string_view text);

// In connector_settings.cpp.
void read_mail(settings::Section& section, http::SmtpOptions& out);
// `mail`: as read.
void read_connectors(settings::Section& root, const http::SmtpOptions& mail,
                     std::vector<ConnectorSettings>& out);

}  // namespace gantry::app
