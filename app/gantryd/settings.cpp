#include "app/gantryd/settings.hpp"

#include <charconv>
#include <filesystem>

namespace gantry::app {
namespace {

using settings::Document;
using settings::Section;

constexpr Millis k_second{1'000};
constexpr Millis k_minute{60'000};
constexpr Millis k_hour{3'600'000};
constexpr Millis k_day{86'400'000};
constexpr std::size_t k_kib = 1 << 10;
constexpr std::size_t k_mib = 1 << 20;
constexpr std::size_t k_gib = 1 << 30;

void read_log_level(Section& root, telemetry::LogLevel& out) {
    using telemetry::LogLevel;
    root.section("log", [&](Section& s) {
        s.word<LogLevel>("level", out,
                         {{"debug", LogLevel::debug},
                          {"info", LogLevel::info},
                          {"warn", LogLevel::warn},
                          {"error", LogLevel::error}});
    });
}

void read_limits(Section& s, http::ServerOptions& out) {
    s.number<std::size_t>("max_connections", out.max_connections, {1, 1'000'000});
    s.size("max_header_size", out.max_header_bytes, {k_kib, k_mib});
    s.size("max_body_size", out.max_body_bytes, {64 * k_kib, 64 * k_mib});
    s.size("max_inflated_size", out.max_inflated_bytes, {256 * k_kib, 256 * k_mib});
    s.size("max_inflight_size", out.max_inflight_bytes, {k_mib, 64 * k_gib});
    s.duration("handshake_timeout", out.handshake_timeout, {k_second, k_minute});
    s.duration("header_timeout", out.header_timeout, {k_second, k_minute});
    s.duration("body_timeout", out.body_timeout, {k_second, 10 * k_minute});
    s.size("min_rate", out.min_bytes_per_second, {0, k_mib});
    s.duration("idle_timeout", out.idle_timeout, {k_second, k_hour});
    s.duration("handler_timeout", out.handler_timeout, {k_second, 10 * k_minute});
    s.duration("write_timeout", out.write_timeout, {k_second, 10 * k_minute});
}

void read_server(Section& s, ServerSettings& out) {
    std::string listen;
    s.text("listen", listen, 300);
    if (!listen.empty()) {
        const auto parsed = parse_listen(listen);
        if (parsed) {
            out.http.address = parsed->address;
            out.http.port = parsed->port;
        } else {
            s.problem("listen", "must be ADDRESS:PORT, not \"" + listen + "\"");
        }
    }
    s.path("certificate_file", out.http.certificate_file);
    s.path("key_file", out.http.key_file);
    if (out.http.certificate_file.empty() != out.http.key_file.empty()) {
        s.problem("", "needs both \"certificate_file\" and \"key_file\", or neither");
    }
    s.texts("names", out.names, 100);
    s.duration("drain_timeout", out.drain_timeout, {Millis{0}, 10 * k_minute});
    s.number<std::int64_t>("rate_per_credential", out.rate_per_credential, {1, 1'000'000});
    s.number<std::int64_t>("burst_per_credential", out.burst_per_credential, {1, 10'000'000});
    read_limits(s, out.http);
}

void read_journal(Section& s, Settings& out) {
    s.duration("retention", out.journal_retention, {k_hour, 3'650 * k_day});
    s.number<std::size_t>("max_waiting", out.journal.max_waiting, {1, 1'000'000});
    s.size("max_waiting_size", out.journal.max_waiting_bytes, {k_mib, 16 * k_gib});
    s.number<std::size_t>("max_batch", out.journal.max_batch, {1, 100'000});
    s.size("cache_size", out.journal.tail_bytes, {k_mib, 16 * k_gib});
}

void read_correlator(Section& s, CorrelatorSettings& out) {
    s.path("rules_file", out.rules_file);
    s.duration("decision_retention", out.decision_retention, {k_day, 3'650 * k_day});
    s.number<std::size_t>("max_live_alerts", out.max_live_alerts, {1'000, 100'000'000});
    s.number<std::size_t>("max_assets", out.max_assets, {1'000, 100'000'000});
    s.number<std::int64_t>("max_lag", out.max_lag, {1'000, 100'000'000});
}

void read_agents(Section& s, AgentFleetSettings& out) {
    s.path("policy_file", out.policy_file);
    s.duration("offline_after", out.offline_after, {10 * k_second, k_day});
}

}  // namespace

Result<Settings> read_settings(Document& document) {
    Settings out;
    const auto read = document.read([&](Section& root) {
        root.path("data_directory", out.data_directory);
        read_log_level(root, out.log_level);
        root.section("server", [&](Section& s) { read_server(s, out.server); });
        root.section("storage", [&](Section& s) { s.text("location", out.storage_location); });
        root.section("journal", [&](Section& s) { read_journal(s, out); });
        root.section("correlator", [&](Section& s) { read_correlator(s, out.correlator); });
        root.section("agents", [&](Section& s) { read_agents(s, out.agents); });
        root.section("mail", [&](Section& s) { read_mail(s, out.mail); });
        root.section("deliveries", [&](Section& s) {
            s.duration("retention", out.delivery_retention, {k_hour, 3'650 * k_day});
        });
        read_connectors(root, out.mail, out.connectors);
        for (const ConnectorSettings& connector : out.connectors) {
            if (connector.kind != ConnectorKind::mail || !out.mail.url.empty()) continue;
            root.problem("connectors", "has the mail connector \"" + connector.name +
                                           "\", which needs \"mail.url\"");
        }
    });
    if (!read) return read.error();
    return out;
}

Result<Settings> load_settings(const std::string& path, settings::Environment environment) {
    auto document = Document::load(path, std::move(environment));
    if (!document) return document.error();
    return read_settings(*document);
}

Result<ListenAddress> parse_listen(std::string_view text) {
    const Error wrong =
        fail(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is not ADDRESS:PORT");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return wrong;
    std::string_view address = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (address.front() == '[') {
        if (address.back() != ']' || address.size() < 3) return wrong;
        address = address.substr(1, address.size() - 2);
    } else if (address.find(':') != std::string_view::npos) {
        return wrong;  // an IPv6 address without brackets is ambiguous
    }
    ListenAddress out{std::string(address), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size()) return wrong;
    return out;
}

}  // namespace gantry::app
