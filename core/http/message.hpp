// HTTP messages as plain values: the house's words for what Beast and curl do inside core/http.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::http {

// In order of arrival; names compare case-insensitively.
using Headers = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<std::string_view> find_header(const Headers& headers,
                                                          std::string_view name);

struct Request {
    std::string method;  // "GET"; HEAD arrives as GET
    std::string path;    // decoded, without query: "/api/v1/incidents"
    std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
    Headers headers;
    std::string body;  // already inflated when it came gzipped
    std::string peer;  // "127.0.0.1:55012"

    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
    // The token of `Authorization: Bearer <token>`; empty when absent.
    [[nodiscard]] std::string_view bearer() const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    Headers headers;  // besides Content-Type and Content-Length
    std::string body;
};

// RFC 9457 problem document. `type` is "about:blank" unless given; `code` is our stable word.
[[nodiscard]] Response problem(int status, std::string_view code, std::string_view detail);

}  // namespace gantry::http
