#include "app/gantryd/settings.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::app;

namespace {

std::optional<std::string> variables(const std::string& name) {
    if (name.starts_with("GANTRY_")) return "secret of " + name;
    return std::nullopt;
}

Result<Settings> parse(std::string_view text) {
    auto document = settings::Document::parse(text, "gantry.yaml", variables);
    if (!document) return document.error();
    return read_settings(*document);
}

std::string error_of(std::string_view text) {
    const auto read = parse(text);
    return read ? "" : read.error().message;
}

// The error of one connector written as a flow mapping in line 2.
std::string connector_error(const std::string& keys) {
    return error_of("connectors:\n  - {name: a, " + keys + "}\nmail: {url: smtp://m}\n");
}

}  // namespace

TEST_CASE("gantryd settings: the shipped file says the defaults") {
    const auto shipped = load_settings(GANTRY_SOURCE_DIR "/config/gantry.yaml", {});
    if (!shipped) FAIL(shipped.error().message);
    const Settings fresh;
    CHECK(shipped->data_directory == fresh.data_directory);
    CHECK(shipped->log_level == fresh.log_level);
    const http::ServerOptions& a = shipped->server.http;
    const http::ServerOptions& b = fresh.server.http;
    CHECK(a.address == b.address);
    CHECK(a.port == b.port);
    CHECK(a.certificate_file == b.certificate_file);
    CHECK(a.key_file == b.key_file);
    CHECK(a.max_connections == b.max_connections);
    CHECK(a.max_header_bytes == b.max_header_bytes);
    CHECK(a.max_body_bytes == b.max_body_bytes);
    CHECK(a.max_inflated_bytes == b.max_inflated_bytes);
    CHECK(a.max_inflight_bytes == b.max_inflight_bytes);
    CHECK(a.handshake_timeout == b.handshake_timeout);
    CHECK(a.header_timeout == b.header_timeout);
    CHECK(a.body_timeout == b.body_timeout);
    CHECK(a.min_bytes_per_second == b.min_bytes_per_second);
    CHECK(a.idle_timeout == b.idle_timeout);
    CHECK(a.handler_timeout == b.handler_timeout);
    CHECK(a.write_timeout == b.write_timeout);
    CHECK(shipped->server.names == fresh.server.names);
    CHECK(shipped->server.drain_timeout == fresh.server.drain_timeout);
    CHECK(shipped->server.rate_per_credential == fresh.server.rate_per_credential);
    CHECK(shipped->server.burst_per_credential == fresh.server.burst_per_credential);
    CHECK(shipped->storage_location == fresh.storage_location);
    CHECK(shipped->journal_retention == fresh.journal_retention);
    CHECK(shipped->journal.max_waiting == fresh.journal.max_waiting);
    CHECK(shipped->journal.max_waiting_bytes == fresh.journal.max_waiting_bytes);
    CHECK(shipped->journal.max_batch == fresh.journal.max_batch);
    CHECK(shipped->journal.tail_bytes == fresh.journal.tail_bytes);
    CHECK(shipped->correlator.rules_file == fresh.correlator.rules_file);
    CHECK(shipped->correlator.decision_retention == fresh.correlator.decision_retention);
    CHECK(shipped->correlator.max_live_alerts == fresh.correlator.max_live_alerts);
    CHECK(shipped->correlator.max_assets == fresh.correlator.max_assets);
    CHECK(shipped->correlator.max_lag == fresh.correlator.max_lag);
    CHECK(shipped->agents.policy_file == fresh.agents.policy_file);
    CHECK(shipped->agents.offline_after == fresh.agents.offline_after);
    CHECK(shipped->mail.url == fresh.mail.url);
    CHECK(shipped->mail.require_tls == fresh.mail.require_tls);
    CHECK(shipped->mail.timeout == fresh.mail.timeout);
    CHECK(shipped->delivery_retention == fresh.delivery_retention);
    CHECK(shipped->connectors.empty());
}

TEST_CASE("gantryd settings: the full example is taken whole") {
    const auto read =
        load_settings(GANTRY_SOURCE_DIR "/config/examples/gantry-full.yaml", variables);
    if (!read) FAIL(read.error().message);
    CHECK(read->server.http.address == "::");
    CHECK(read->server.http.port == 443);
    CHECK(read->server.http.idle_timeout == Millis{120'000});
    CHECK(read->storage_location == "postgresql://gantry@db.example.com/gantry");
    CHECK(read->mail.password.reveal() == "secret of GANTRY_MAIL_PASSWORD");
    REQUIRE(read->connectors.size() == 2);
    const ConnectorSettings& webhook = read->connectors[0];
    CHECK(webhook.kind == ConnectorKind::webhook);
    CHECK(webhook.secret.reveal() == "secret of GANTRY_WEBHOOK_SECRET");
    CHECK(webhook.organisations == std::vector<std::string>{"acme", "globex"});
    CHECK(webhook.operations.size() == 5);
    CHECK(webhook.give_up_after == Millis{3LL * 86'400'000});
    CHECK(webhook.concurrency == 8);
    const ConnectorSettings& mail = read->connectors[1];
    CHECK(mail.kind == ConnectorKind::mail);
    CHECK(mail.to.size() == 2);
    CHECK(mail.min_priority == 2);
    CHECK(mail.operations == std::vector<Operation>{Operation::open, Operation::resolve});
}

TEST_CASE("gantryd settings: a connector must say what its kind needs, and only that") {
    const std::string at = "gantry.yaml:2: ";
    CHECK(connector_error("kind: webhook") ==
          at + "key \"url\" is missing under \"connectors[0]\"\n" + at +
              "key \"secret\" is missing under \"connectors[0]\"");
    CHECK(connector_error("kind: webhook, url: https://x") ==
          at + "key \"secret\" is missing under \"connectors[0]\"");
    CHECK(connector_error("kind: webhook, url: https://x, secret: \"\"") ==
          at + "\"connectors[0].secret\": must not be empty");
    CHECK(connector_error("kind: webhook, secret: s, url: ftp://x") ==
          at + "\"connectors[0].url\" must begin with https:// or http://");
    CHECK(connector_error("kind: webhook, secret: s, url: \"https://b\u00fccher.example/\"") ==
          at + "\"connectors[0].url\" must be ASCII without spaces or control characters, at most "
               "2048 bytes: another letter is written xn-- in a host name, and %XX in a path");
    CHECK(connector_error("kind: webhook, url: https://x, secret: s, to: [a@b]") ==
          at + "\"connectors[0].to\" is only for the kind \"mail\"");
    CHECK(connector_error("kind: mail, from: a@b, to: [c@d], url: https://x") ==
          at + "\"connectors[0].url\" is only for the kind \"webhook\"");
    CHECK(connector_error("kind: mail, from: nobody, to: []") ==
          at + "\"connectors[0].from\" must be a mail address\n" + at +
              "\"connectors[0].to\" must hold at least one address");
    CHECK(connector_error("kind: mail, from: a@b, to: [\"c@d, e@f\"]") ==
          at + "\"connectors[0].to\" must hold mail addresses");
    CHECK(connector_error("kind: pager") ==
          at + "\"connectors[0].kind\" must be webhook or mail, not \"pager\"\n" + at +
              "key \"url\" is missing under \"connectors[0]\"\n" + at +
              "key \"secret\" is missing under \"connectors[0]\"");
    CHECK(connector_error("kind: webhook, url: https://x, secret: s, operations: [open, shut]") ==
          at + "\"connectors[0].operations\" may hold open, update, resolve, reopen and note, not "
               "\"shut\"");
}

TEST_CASE("gantryd settings: connector names are unique and plain") {
    CHECK(error_of("connectors:\n"
                   "  - {name: a, kind: webhook, url: https://x, secret: s}\n"
                   "  - {name: a, kind: webhook, url: https://y, secret: s}\n"
                   "  - {name: A b, kind: webhook, url: https://z, secret: s}\n") ==
          "gantry.yaml:3: \"connectors[1].name\" stands twice: \"a\"\n"
          "gantry.yaml:4: \"connectors[2].name\" must be 1 to 40 of a-z, 0-9 and -, not beginning "
          "with -");
}

TEST_CASE("gantryd settings: mail connectors need a mail server") {
    CHECK(error_of("connectors:\n  - {name: a, kind: mail, from: a@b, to: [c@d]}\n") ==
          "gantry.yaml:1: \"connectors\" has the mail connector \"a\", which needs \"mail.url\"");
    CHECK(error_of("mail: {url: mail.example.com}\n") ==
          "gantry.yaml:1: \"mail.url\" must begin with smtp:// or smtps://");
}

TEST_CASE("gantryd settings: certificate and key come together") {
    CHECK(error_of("server:\n  key_file: /k.pem\n") ==
          "gantry.yaml:1: \"server\" needs both \"certificate_file\" and \"key_file\", or neither");
}

TEST_CASE("parse_listen: takes host and port, IPv6 in brackets") {
    CHECK(parse_listen("127.0.0.1:8443")->address == "127.0.0.1");
    CHECK(parse_listen("127.0.0.1:8443")->port == 8443);
    CHECK(parse_listen("[::1]:0")->address == "::1");
    CHECK(parse_listen("localhost:1")->address == "localhost");
    for (const char* bad : {"", "8443", ":8443", "::1:8443", "[::1:8443", "[]:1", "a:", "a:65536",
                            "a:-1", "a:8443x"}) {
        CAPTURE(bad);
        const auto parsed = parse_listen(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::invalid_input);
    }
    CHECK(error_of("server: {listen: \"8443\"}\n") ==
          "gantry.yaml:1: \"server.listen\" must be ADDRESS:PORT, not \"8443\"");
}
