#include "app/cli/session.hpp"

#include <algorithm>

namespace gantry::cli {

int Session::show(const Result<Reply>& reply,
                  const std::function<std::string(const Reply&)>& render) {
    if (!reply) return fail(reply.error());
    if (json) {
        if (!reply->raw.empty()) out << reply->raw << "\n";
    } else {
        out << render(*reply);
    }
    out.flush();
    return out.good() ? k_ok : k_failed;
}

std::string Session::finish_list(const Table& table, const Reply& reply, const char* none) {
    if (table.empty()) {
        note(none);
        return {};
    }
    if (member(reply.json, "next_cursor").is_string()) {
        note("more follow: --limit N or --all");
    }
    return table.render(style);
}

int Session::fail(const Error& error) {
    err << "gantry: " << error.message << "\n";
    return exit_code_of(error);
}

const Json& member(const Json& document, const char* key) {
    static const Json nothing;
    if (!document.is_object()) return nothing;
    const auto at = document.find(key);
    return at == document.end() ? nothing : *at;
}

std::string text_of(const Json& document, const char* key) {
    const Json& value = member(document, key);
    if (value.is_null()) return {};
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    return value.dump();
}

std::string age_of(const Json& document, const char* key, Instant now) {
    const auto at = parse_rfc3339(text_of(document, key));
    if (!at) return {};
    const std::int64_t seconds = std::max<std::int64_t>(0, (now - *at).count() / 1000);
    if (seconds < 120) return std::to_string(seconds) + "s";
    if (seconds < 2 * 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 2 * 86'400) return std::to_string(seconds / 3600) + "h";
    return std::to_string(seconds / 86'400) + "d";
}

std::string time_of(const Json& document, const char* key) {
    std::string text = text_of(document, key);
    if (text.size() < 19) return text;
    text.resize(19);
    text[10] = ' ';
    return text;
}

Tone tone_of_priority(const Json& document) {
    const std::string priority = text_of(document, "priority");
    if (priority == "1") return Tone::bad;
    return priority == "2" ? Tone::warn : Tone::plain;
}

}  // namespace gantry::cli
