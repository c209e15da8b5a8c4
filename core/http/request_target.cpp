#include "core/http/request_target.hpp"

#include <optional>

#include "core/base/text.hpp"

namespace gantry::http {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    if (!is_utf8(out)) return std::nullopt;
    return out;
}

bool parse_query(std::string_view text, Request& request) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        auto key = decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                      : decode(pair.substr(equals + 1), true);
        if (!key || !value) return false;
        request.query.emplace_back(std::move(*key), std::move(*value));
    }
    return true;
}

// "http://host/path" -> "/path"; proxies send it, and a server must accept it.
std::string_view without_authority(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || target.front() == '/') return target;
    const std::size_t path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

Result<void> parse_target(std::string_view target, Request& request) {
    const auto refuse = [] {
        return fail(ErrorCode::invalid_input, "the request target is no valid URL");
    };
    if (target.empty()) return refuse();
    const std::string_view local = without_authority(target);
    const std::size_t question = local.find('?');
    const std::string_view path = local.substr(0, question);
    if (path == "*") {
        request.path = "*";
        return {};
    }
    if (!path.empty() && path.front() != '/') return refuse();
    auto decoded = decode(path.empty() ? "/" : path, false);
    if (!decoded) return refuse();
    request.path = std::move(*decoded);
    if (question != std::string_view::npos && !parse_query(local.substr(question + 1), request)) {
        return refuse();
    }
    return {};
}

}  // namespace gantry::http
