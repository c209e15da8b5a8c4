#include "connectors/engine/settings.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace gantry;
using namespace gantry::connectors;

namespace {

Redacted<std::string> secret(std::string text) { return Redacted<std::string>(std::move(text)); }

ConnectorSettings webhook() {
    ConnectorSettings out;
    out.name = "operations-webhook";
    out.url = "https://desk.example.com:8443/hooks/a?b=c";
    out.secrets = {secret("s3cret")};
    return out;
}

ConnectorSettings mail() {
    ConnectorSettings out;
    out.name = "mail";
    out.kind = ConnectorKind::mail;
    out.url = "smtp://mail.example.com:25";
    out.from = "gantry@example.com";
    out.to = {"ops@example.com"};
    return out;
}

// The complaint about these settings; "" = none.
std::string complaint(const ConnectorSettings& settings) {
    const auto valid = validate(settings);
    if (valid) return "";
    CHECK(valid.error().code == ErrorCode::invalid_input);
    return valid.error().message;
}

bool names(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("settings: a plain webhook and a plain mail connector are valid") {
    CHECK(complaint(webhook()) == "");
    CHECK(complaint(mail()) == "");
}

TEST_CASE("settings: a name is short, lower case and fit for an idempotency key") {
    ConnectorSettings s = webhook();
    for (const std::string name :
         {"a", "0", "a-b", "desk2-", "1234567890123456789012345678901234567890"}) {
        s.name = name;
        CHECK(complaint(s) == "");
    }
    for (const std::string name : {"", "-a", "A", "a.b", "a b", "a_b", "t\xC3\xBCr", "a\n",
                                   "12345678901234567890123456789012345678901"}) {
        s.name = name;
        CAPTURE(name);
        CHECK(names(complaint(s), "name"));
    }
}

TEST_CASE("settings: a webhook's URL is http or https, names a host and carries no credential") {
    ConnectorSettings s = webhook();
    for (const std::string url : {"http://10.0.0.1/", "https://desk", "https://desk:65535?x",
                                  "https://[::1]", "https://[::1]:8443/x", "https://desk/a@b:c"}) {
        s.url = url;
        CAPTURE(url);
        CHECK(complaint(s) == "");
    }
    for (const std::string url : {"",
                                  "desk",
                                  "ftp://desk/",
                                  "smtp://desk",
                                  "file:///etc/passwd",
                                  "https://",
                                  "https:///x",
                                  "https://:443/",
                                  "https://user:hunter2@desk/",
                                  "https://user@desk/",
                                  "https://desk/a b",
                                  "https://desk/\r\nHost: x",
                                  "https://d\xC3\xBC/",
                                  "//desk",
                                  "HTTPS://desk/",
                                  "https://desk:0/",
                                  "https://desk:65536/",
                                  "https://desk:",
                                  "https://desk:8443x/",
                                  "https://[::1]:x/",
                                  "https://fe80::1/"}) {
        s.url = url;
        CAPTURE(url);
        CHECK(names(complaint(s), "url"));
        CHECK_FALSE(names(complaint(s), "hunter2"));
    }
    s.url = "https://desk/" + std::string(2'035, 'x');
    CHECK(s.url.size() == 2'048);
    CHECK(complaint(s) == "");
    s.url += 'x';
    CHECK(names(complaint(s), "url"));
}

TEST_CASE("settings: a webhook has one to four secrets, none empty, none told") {
    ConnectorSettings s = webhook();
    s.secrets.clear();
    CHECK(names(complaint(s), "secret: "));
    s.secrets = {secret("hunter2"), secret("")};
    CHECK(names(complaint(s), "secret: "));
    CHECK_FALSE(names(complaint(s), "hunter2"));
    s.secrets.assign(4, secret("a"));
    CHECK(complaint(s) == "");
    s.secrets.assign(5, secret("a"));
    CHECK(names(complaint(s), "secret: "));
}

TEST_CASE("settings: mail goes by smtp or smtps, from and to real addresses") {
    ConnectorSettings s = mail();
    s.url = "smtps://mail.example.com:465";
    CHECK(complaint(s) == "");
    s.url = "https://mail.example.com";
    CHECK(names(complaint(s), "url"));
    const std::string bad[] = {
        "",      "ops",     "@x",   "a@",      "a b@c",       "a@b\r\nX: y",
        "<a@b>", "a@b,c@d", "a@b>", "\"a\"@b", "t\xC3\xBC@x", std::string(250, 'a') + "@b.example"};
    for (const std::string& address : bad) {
        CAPTURE(address);
        s = mail();
        s.from = address;
        CHECK(names(complaint(s), "from"));
        s = mail();
        s.to = {"ops@example.com", address};
        CHECK(names(complaint(s), "to"));
    }
}

TEST_CASE("settings: mail has 1 to 50 recipients, and a user name with a password or neither") {
    ConnectorSettings s = mail();
    s.to.clear();
    CHECK(names(complaint(s), "to"));
    s.to.assign(50, "a@b");
    CHECK(complaint(s) == "");
    s.to.assign(51, "a@b");
    CHECK(names(complaint(s), "to"));
    s = mail();
    s.username = "u";
    CHECK(names(complaint(s), "password"));
    s.password = secret("hunter2");
    CHECK(complaint(s) == "");
    s.username.clear();
    CHECK(names(complaint(s), "username"));
    CHECK_FALSE(names(complaint(s), "hunter2"));
}

TEST_CASE("settings: the domain of a Message-ID is a host name or absent") {
    ConnectorSettings s = mail();
    s.message_id_domain = "gantry.example.com";
    CHECK(complaint(s) == "");
    for (const std::string domain : {"a b", "a>b", "a@b", "a\r\nX: y"}) {
        s.message_id_domain = domain;
        CAPTURE(domain);
        CHECK(names(complaint(s), "message_id_domain"));
    }
}

TEST_CASE("settings: every limit has its bounds, both of them allowed, and is named when broken") {
    using Set = std::function<void(DeliveryLimits&, std::int64_t)>;
    const struct {
        const char* key;
        std::int64_t low, high;
        Set set;
    } rows[] = {
        {"concurrency", 1, 64,
         [](auto& l, auto v) { l.concurrency = static_cast<std::size_t>(v); }},
        {"per_minute", 1, 60'000, [](auto& l, auto v) { l.per_minute = v; }},
        {"attempt_timeout_ms", 100, 300'000,
         [](auto& l, auto v) { l.attempt_timeout = Millis{v}; }},
        {"backoff_base_ms", 1, 900'000, [](auto& l, auto v) { l.backoff.base = Millis{v}; }},
        {"backoff_cap_ms", 2'000, 86'400'000, [](auto& l, auto v) { l.backoff.cap = Millis{v}; }},
        {"max_age_ms", 1'000, 2'592'000'000, [](auto& l, auto v) { l.max_age = Millis{v}; }},
        {"max_attempts", 1, 10'000, [](auto& l, auto v) { l.max_attempts = v; }},
        {"retry_after_cap_ms", 1'000, 86'400'000,
         [](auto& l, auto v) { l.retry_after_cap = Millis{v}; }},
        {"circuit_failures", 1, 1'000,
         [](auto& l, auto v) { l.circuit_failures = static_cast<int>(v); }},
        {"circuit_base_ms", 100, 300'000, [](auto& l, auto v) { l.circuit.base = Millis{v}; }},
        {"circuit_cap_ms", 10'000, 86'400'000, [](auto& l, auto v) { l.circuit.cap = Millis{v}; }},
    };
    for (const auto& row : rows) {
        CAPTURE(row.key);
        for (const std::int64_t value : {row.low, row.high}) {
            ConnectorSettings s = webhook();
            row.set(s.limits, value);
            CHECK(complaint(s) == "");
        }
        ConnectorSettings s = webhook();
        row.set(s.limits, row.low - 1);
        CHECK_FALSE(complaint(s).empty());
        CHECK(names(complaint(s), "operations-webhook"));
    }
    ConnectorSettings s = webhook();
    s.limits.per_minute = 60'001;
    CHECK(names(complaint(s), "per_minute: 60001"));
    s = webhook();
    s.limits.backoff = {Millis{5'000}, Millis{4'999}};
    CHECK(names(complaint(s), "backoff_cap_ms"));
}

TEST_CASE("settings: priorities are 1 to 5") {
    ConnectorSettings s = webhook();
    for (const int priority : {1, 5}) {
        s.min_priority = priority;
        CHECK(complaint(s) == "");
    }
    for (const int priority : {0, 6, -1}) {
        s.min_priority = priority;
        CHECK(names(complaint(s), "min_priority"));
    }
}

TEST_CASE("settings: kinds are told by their words") {
    ConnectorKind kind = ConnectorKind::webhook;
    CHECK(parse("mail", kind));
    CHECK(kind == ConnectorKind::mail);
    CHECK(parse("webhook", kind));
    CHECK(kind == ConnectorKind::webhook);
    CHECK_FALSE(parse("Mail", kind));
    CHECK_FALSE(parse("", kind));
    CHECK(std::string(to_string(ConnectorKind::mail)) == "mail");
}
