#include "core/http/response_head.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace gantry::http {
namespace {

constexpr std::size_t k_usual_head_bytes = 160;

void append_clean(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? ' ' : c;
    }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
    out += "\r\n";
}

}  // namespace

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const Response& response, HeadOptions options) {
    std::string out;
    out.reserve(k_usual_head_bytes);
    const int status = response.status >= 100 && response.status <= 599 ? response.status : 500;
    const auto reason =
        boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    out += "HTTP/1.1 ";
    out += std::to_string(status);
    out += ' ';
    out.append(reason.data(), reason.size());
    out += "\r\n";
    if (may_have_body(status)) {
        if (!response.content_type.empty()) {
            append_field(out, "Content-Type", response.content_type);
        }
        append_field(out, "Content-Length", std::to_string(response.body.size()));
    }
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    if (!options.keep_alive) {
        out += "Connection: close\r\n";
    } else if (options.http_10) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return out;
}

}  // namespace gantry::http
