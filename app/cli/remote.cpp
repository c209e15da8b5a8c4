#include "app/cli/remote.hpp"

#include <cstdio>

#include "app/cli/table.hpp"

namespace gantry::cli {
namespace {

constexpr Millis k_timeout{30'000};
constexpr int k_page = 500;
constexpr std::size_t k_max_pages = 10'000;

ErrorCode code_of(int status) {
    switch (status) {
        case 401: return ErrorCode::unauthorised;
        case 403: return ErrorCode::forbidden;
        case 404: return ErrorCode::not_found;
        case 409:
        case 412: return ErrorCode::conflict;
        case 429:
        case 503: return ErrorCode::limit;
        default: return status >= 500 ? ErrorCode::internal : ErrorCode::invalid_input;
    }
}

const char* advice_for(int status) {
    switch (status) {
        case 401: return ". Check the token: GANTRY_TOKEN or --token";
        case 429:
        case 503: return ". Try again in a few seconds";
        default: return "";
    }
}

}  // namespace

ExitCode exit_code_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::unauthorised:
        case ErrorCode::forbidden: return k_unauthorised;
        case ErrorCode::not_found: return k_not_found;
        case ErrorCode::unavailable:
        case ErrorCode::timeout: return k_unreachable;
        default: return k_failed;
    }
}

std::string encode_part(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
        out += hex;
    }
    return out;
}

Remote::Remote(http::Client& client, std::string url, Redacted<std::string> token)
    : client_(client), url_(std::move(url)), token_(std::move(token)) {
    while (url_.ends_with('/')) url_.pop_back();
}

std::string Remote::address(const std::string& path, const Parameters& parameters) const {
    std::string out = url_ + "/api/v1" + path;
    char glue = '?';
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        out += glue + name + "=" + encode_part(value);
        glue = '&';
    }
    return out;
}

Error Remote::unreachable(const Error& error) const {
    if (error.code == ErrorCode::invalid_input || error.code == ErrorCode::limit) return error;
    return fail(error.code == ErrorCode::timeout ? ErrorCode::timeout : ErrorCode::unavailable,
                "cannot reach gantryd at " + error.message +
                    ". Is it running, and are GANTRY_URL (--url) and GANTRY_CA (--ca) right?");
}

Error Remote::refused(const http::Response& response, const std::string& what) const {
    const Json problem = Json::parse(response.body, nullptr, false);
    std::string detail = "the server answered " + std::to_string(response.status);
    if (problem.is_object() && problem.contains("detail") && problem["detail"].is_string()) {
        detail = one_line(problem["detail"].get<std::string>());
    } else {
        // Not one of our documents: something else answers there.
        detail += " without a problem document; is " + url_ + " really gantryd?";
    }
    return fail(code_of(response.status), what + ": " + detail + advice_for(response.status));
}

Result<Reply> Remote::exchange(http::ClientRequest request, const std::string& what) {
    request.timeout = k_timeout;
    request.headers.emplace_back("Accept", "application/json");
    if (!token_.reveal().empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token_.reveal());
    }
    auto response = client_.send(request);
    if (!response) return unreachable(response.error());
    if (response->status >= 300) return refused(*response, what);
    Reply reply;
    reply.status = response->status;
    reply.etag = http::find_header(response->headers, "ETag").value_or("");
    reply.json = Json::parse(response->body, nullptr, false);
    if (reply.json.is_discarded()) {
        if (!response->body.empty()) {
            return fail(ErrorCode::internal,
                        what + ": the answer is no JSON; is " + url_ + " really gantryd?");
        }
        reply.json = nullptr;
    }
    reply.raw = std::move(response->body);
    return reply;
}

Result<Reply> Remote::get(const std::string& path, const Parameters& parameters) {
    http::ClientRequest request;
    request.url = address(path, parameters);
    return exchange(std::move(request), "GET " + path);
}

Result<Reply> Remote::send(const std::string& method, const std::string& path, const Json& body,
                           const std::string& if_match, const Parameters& parameters) {
    http::ClientRequest request;
    request.method = method;
    request.url = address(path, parameters);
    if (!body.is_null()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    if (!if_match.empty()) request.headers.emplace_back("If-Match", if_match);
    return exchange(std::move(request), method + " " + path);
}

Result<Reply> Remote::modify(const std::string& method, const std::string& path, const Json& body,
                             const Parameters& parameters) {
    Result<Reply> answer = fail(ErrorCode::internal, "not asked yet");
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto now = get(path, parameters);
        if (!now) return now.error();
        answer = send(method, path, body, now->etag, parameters);
        if (answer || answer.error().code != ErrorCode::conflict) break;
    }
    return answer;
}

Result<Reply> Remote::list(const std::string& path, Parameters parameters, int limit, bool all) {
    parameters.emplace_back("limit", std::to_string(all ? k_page : limit));
    auto first = get(path, parameters);
    if (!first || !all) return first;
    Json cursor = first->json.value("next_cursor", Json(nullptr));
    for (std::size_t page = 0; cursor.is_string() && page < k_max_pages; ++page) {
        Parameters further = parameters;
        further.emplace_back("cursor", cursor.get<std::string>());
        const auto next = get(path, further);
        if (!next) return next.error();
        for (const Json& item : next->json["items"]) first->json["items"].push_back(item);
        cursor = next->json.value("next_cursor", Json(nullptr));
    }
    first->json["next_cursor"] = cursor;
    first->raw = first->json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return first;
}

}  // namespace gantry::cli
