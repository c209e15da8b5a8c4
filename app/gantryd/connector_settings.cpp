// The `mail` and `connectors` sections of gantry.yaml.
#include <set>

#include "app/gantryd/settings.hpp"
#include "connectors/engine/settings.hpp"

namespace gantry::app {
namespace {

using settings::Section;

constexpr Millis k_second{1'000};
constexpr Millis k_minute{60'000};
constexpr Millis k_day{86'400'000};
constexpr Millis k_longest_attempt = 5 * k_minute;

// The rules themselves are the engine's: what is taken here must start.
void check_url(Section& s, connectors::ConnectorKind kind, const std::string& url) {
    if (!s.has("url")) return;
    if (const auto problem = connectors::url_problem(kind, url); !problem.empty()) {
        s.problem("url", problem);
    }
}

void read_operations(Section& s, std::vector<Operation>& out) {
    std::vector<std::string> words;
    s.texts("operations", words, 5);
    if (words.empty()) return;
    std::vector<Operation> operations;
    for (const std::string& word : words) {
        bool known = false;
        for (const Operation operation : {Operation::open, Operation::update, Operation::resolve,
                                          Operation::reopen, Operation::note}) {
            if (word != to_string(operation)) continue;
            operations.push_back(operation);
            known = true;
        }
        if (!known) {
            return s.problem(
                "operations",
                "may hold open, update, resolve, reopen and note, not \"" + word + "\"");
        }
    }
    out = std::move(operations);
}

void read_webhook(Section& s, ConnectorSettings& out) {
    s.text("url", out.url, 2048);
    s.secret("secret", out.secret);
    s.path("ca_file", out.ca_file);
    if (out.kind != ConnectorKind::webhook) {
        for (const char* key : {"url", "secret", "ca_file"}) {
            if (s.has(key)) s.problem(key, "is only for the kind \"webhook\"");
        }
        return;
    }
    s.require("url");
    s.require("secret");  // without it a receiver could not tell our requests from others
    check_url(s, connectors::ConnectorKind::webhook, out.url);
}

void read_mail_part(Section& s, ConnectorSettings& out) {
    s.text("from", out.from, 320);
    s.texts("to", out.to, 50);
    if (out.kind != ConnectorKind::mail) {
        for (const char* key : {"from", "to"}) {
            if (s.has(key)) s.problem(key, "is only for the kind \"mail\"");
        }
        return;
    }
    s.require("from");
    s.require("to");
    if (s.has("from") && !connectors::is_mail_address(out.from))
        s.problem("from", "must be a mail address");
    for (const std::string& address : out.to) {
        if (!connectors::is_mail_address(address)) s.problem("to", "must hold mail addresses");
    }
    if (s.has("to") && out.to.empty()) s.problem("to", "must hold at least one address");
}

ConnectorSettings read_connector(Section& s, const http::SmtpOptions& mail) {
    ConnectorSettings out;
    s.require("name");
    s.require("kind");
    s.text("name", out.name, 100);
    if (s.has("name") && !connectors::is_connector_name(out.name)) {
        s.problem("name", "must be 1 to 40 of a-z, 0-9 and -, not beginning with -");
    }
    s.word<ConnectorKind>("kind", out.kind,
                          {{"webhook", ConnectorKind::webhook}, {"mail", ConnectorKind::mail}});
    read_webhook(s, out);
    read_mail_part(s, out);
    s.texts("organisations", out.organisations);
    s.number("min_priority", out.min_priority, {1, 5});
    read_operations(s, out.operations);
    if (out.kind == ConnectorKind::mail) out.timeout = mail.timeout;
    s.duration("timeout", out.timeout, {k_second, k_longest_attempt});
    s.duration("give_up_after", out.give_up_after, {k_minute, 30 * k_day});
    s.number("concurrency", out.concurrency, {1, 64});
    s.number("per_minute", out.per_minute, {1, 60'000});
    return out;
}

}  // namespace

void read_mail(Section& s, http::SmtpOptions& out) {
    s.text("url", out.url, 300);
    check_url(s, connectors::ConnectorKind::mail, out.url);
    s.flag("require_tls", out.require_tls);
    s.path("ca_file", out.ca_file);
    s.text("username", out.username, 300);
    s.secret("password", out.password);
    if (out.username.empty() == s.has("password")) {
        s.problem("", "needs both \"username\" and \"password\", or neither");
    }
    s.duration("timeout", out.timeout, {k_second, k_longest_attempt});
}

void read_connectors(Section& root, const http::SmtpOptions& mail,
                     std::vector<ConnectorSettings>& out) {
    std::set<std::string> names;
    root.each(
        "connectors",
        [&](Section& s) {
            ConnectorSettings connector = read_connector(s, mail);
            if (!connector.name.empty() && !names.insert(connector.name).second) {
                s.problem("name", "stands twice: \"" + connector.name + "\"");
            }
            out.push_back(std::move(connector));
        },
        100);
}

}  // namespace gantry::app
