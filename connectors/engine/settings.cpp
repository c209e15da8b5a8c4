#include "connectors/engine/settings.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace gantry::connectors {
namespace {

Error wrong(const std::string& name, const std::string& what) {
    return fail(ErrorCode::invalid_input, "connector \"" + name + "\": " + what);
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_host(std::string_view host) {
    return !host.empty() && is_visible_ascii(host) &&
           host.find_first_of("<>()\\,;\"@") == std::string_view::npos;
}

struct UrlParts {
    std::string scheme;
    std::string authority;
};

UrlParts split(std::string_view url) {
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return {};
    const auto rest = url.substr(colon + 3);
    return {std::string(url.substr(0, colon)),
            std::string(rest.substr(0, rest.find_first_of("/?#")))};
}

// "host:443", "[::1]:443" or without a port; a port is 1 to 65535.
bool has_good_port(std::string_view authority) {
    const auto colon = authority.find(':', authority.front() == '[' ? authority.find(']') : 0);
    if (colon == std::string_view::npos) return true;
    const std::string_view text = authority.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

Result<void> validate_url(const ConnectorSettings& settings) {
    const std::string problem = url_problem(settings.kind, settings.url);
    return problem.empty() ? Result<void>{} : wrong(settings.name, "url " + problem);
}

Result<void> validate_webhook(const ConnectorSettings& settings) {
    if (auto url = validate_url(settings); !url) return url;
    if (settings.secrets.empty() || settings.secrets.size() > 4) {
        return wrong(settings.name,
                     "secret: give one (up to 4 while it is rotated), so that the receiver can "
                     "tell our requests from others");
    }
    for (const auto& secret : settings.secrets) {
        if (secret.reveal().empty()) return wrong(settings.name, "secret: is empty");
    }
    return {};
}

Result<void> validate_mail(const ConnectorSettings& settings) {
    if (auto url = validate_url(settings); !url) return url;
    if (!is_mail_address(settings.from)) {
        return wrong(settings.name, "from: \"" + settings.from + "\" is not a mail address");
    }
    if (settings.to.empty() || settings.to.size() > 50) {
        return wrong(settings.name, "to: give 1 to 50 addresses");
    }
    for (const auto& address : settings.to) {
        if (!is_mail_address(address)) {
            return wrong(settings.name, "to: \"" + address + "\" is not a mail address");
        }
    }
    if (!settings.message_id_domain.empty() && !is_host(settings.message_id_domain)) {
        return wrong(settings.name, "message_id_domain: \"" + settings.message_id_domain +
                                        "\" is not a host name");
    }
    if (settings.username.empty() != settings.password.reveal().empty()) {
        return wrong(settings.name, "username and password: give both or none");
    }
    return {};
}

Result<void> in_range(const std::string& name, const char* key, std::int64_t value,
                      std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) return {};
    return wrong(name, std::string(key) + ": " + std::to_string(value) + " is not in " +
                           std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace

const char* to_string(ConnectorKind kind) {
    return kind == ConnectorKind::webhook ? "webhook" : "mail";
}

bool parse(std::string_view text, ConnectorKind& out) {
    if (text != "webhook" && text != "mail") return false;
    out = text == "mail" ? ConnectorKind::mail : ConnectorKind::webhook;
    return true;
}

bool is_connector_name(std::string_view name) {
    const bool shaped = !name.empty() && name.size() <= 40 && name.front() != '-';
    return shaped && std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

bool is_mail_address(std::string_view address) {
    const auto at = address.find('@');
    return at != std::string_view::npos && at > 0 && address.size() <= 254 &&
           is_visible_ascii(address) && is_host(address.substr(at + 1)) &&
           address.substr(0, at).find_first_of("<>(),;\"") == std::string_view::npos;
}

std::string url_problem(ConnectorKind kind, std::string_view url) {
    const bool mail = kind == ConnectorKind::mail;
    const UrlParts parts = split(url);
    if (parts.scheme != (mail ? "smtp" : "http") && parts.scheme != (mail ? "smtps" : "https")) {
        return mail ? "must begin with smtp:// or smtps://" : "must begin with https:// or http://";
    }
    if (parts.authority.empty() || parts.authority.front() == ':') return "must name a host";
    if (parts.authority.find('@') != std::string::npos) {
        return "must not carry a user or password: they would end up in logs";
    }
    if (!has_good_port(parts.authority)) return "must have a port from 1 to 65535, or none";
    if (!is_visible_ascii(url) || url.size() > 2048) {
        return "must be ASCII without spaces or control characters, at most 2048 bytes: another "
               "letter is written xn-- in a host name, and %XX in a path";
    }
    return {};
}

Result<void> validate(const ConnectorSettings& settings) {
    if (!is_connector_name(settings.name)) {
        return wrong(settings.name, "name: 1 to 40 of a-z, 0-9 and -, not beginning with -");
    }
    if (settings.min_priority < 1 || settings.min_priority > 5) {
        return wrong(settings.name,
                     "min_priority: " + std::to_string(settings.min_priority) + " is not 1 to 5");
    }
    const Result<void> kind = settings.kind == ConnectorKind::webhook ? validate_webhook(settings)
                                                                      : validate_mail(settings);
    return kind ? validate(settings.name, settings.limits) : kind;
}

Result<void> validate(const std::string& name, const DeliveryLimits& limits) {
    const struct {
        const char* key;
        std::int64_t value, low, high;
    } rows[] = {
        {"concurrency", static_cast<std::int64_t>(limits.concurrency), 1, 64},
        {"per_minute", limits.per_minute, 1, 60'000},
        {"attempt_timeout_ms", limits.attempt_timeout.count(), 100, 300'000},
        {"backoff_base_ms", limits.backoff.base.count(), 1, 3'600'000},
        {"backoff_cap_ms", limits.backoff.cap.count(), limits.backoff.base.count(), 86'400'000},
        {"max_age_ms", limits.max_age.count(), 1'000, 30LL * 86'400'000},
        {"max_attempts", limits.max_attempts, 1, 10'000},
        {"retry_after_cap_ms", limits.retry_after_cap.count(), 1'000, 86'400'000},
        {"circuit_failures", limits.circuit_failures, 1, 1'000},
        {"circuit_base_ms", limits.circuit.base.count(), 100, 3'600'000},
        {"circuit_cap_ms", limits.circuit.cap.count(), limits.circuit.base.count(), 86'400'000},
    };
    for (const auto& row : rows) {
        if (auto ok = in_range(name, row.key, row.value, row.low, row.high); !ok) return ok;
    }
    return {};
}

}  // namespace gantry::connectors
