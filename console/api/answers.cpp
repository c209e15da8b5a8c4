#include "console/api/answers.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace gantry::console {
namespace {

constexpr const char* k_retry_after_s = "5";
constexpr const char* k_throttled_retry_s = "10";

std::string tag(std::int64_t version) { return "\"" + std::to_string(version) + "\""; }

struct Mapping {
    int status;
    const char* code;
};

Mapping mapping_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_input: return {400, "invalid_input"};
        case ErrorCode::unauthorised: return {401, "unauthorised"};
        case ErrorCode::forbidden: return {403, "forbidden"};
        case ErrorCode::not_found: return {404, "not_found"};
        case ErrorCode::conflict: return {409, "conflict"};
        case ErrorCode::limit: return {503, "busy"};
        case ErrorCode::unavailable: return {503, "unavailable"};
        case ErrorCode::timeout: return {504, "timeout"};
        case ErrorCode::corrupt:
        case ErrorCode::internal: return {500, "internal"};
    }
    return {500, "internal"};
}

// One entity tag, whitespace around it trimmed. False: it is none.
bool read_tag(std::string_view text, IfMatch& out) {
    const bool weak = text.starts_with("W/");
    if (weak) text.remove_prefix(2);
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
    text = text.substr(1, text.size() - 2);
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    // A tag that is not ours is a good tag that matches nothing.
    if (!weak && error == std::errc{} && end == text.data() + text.size()) {
        out.versions.push_back(version);
    }
    return true;
}

}  // namespace

http::Response json_answer(std::string document, int status) {
    http::Response response;
    response.status = status;
    response.body = std::move(document);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

http::Response no_content() {
    http::Response response;
    response.status = 204;
    response.content_type.clear();
    return response;
}

http::Response versioned(std::string document, std::int64_t version, int status) {
    http::Response response = json_answer(std::move(document), status);
    // Kept by the client, asked about each time: that is what the tag is for.
    response.headers.clear();
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    response.headers.emplace_back("ETag", tag(version));
    return response;
}

std::string page_document(const std::vector<std::string>& items, std::optional<std::int64_t> next) {
    std::string out = "{\"items\":[";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ',';
        out += items[i];
    }
    out += "],\"next_cursor\":";
    out += next ? "\"" + std::to_string(*next) + "\"" : "null";
    out += '}';
    return out;
}

http::Response refusal(const Error& error) {
    const auto [status, code] = mapping_of(error.code);
    const bool tell = status != 500;
    http::Response response =
        http::problem(status, code, tell ? error.message : "gantryd failed; its log has the cause");
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (status == 503) response.headers.emplace_back("Retry-After", k_retry_after_s);
    return response;
}

http::Response throttled() {
    http::Response response = http::problem(
        429, "too_many_failures", "too many failed credentials from your address; wait a little");
    response.headers.emplace_back("Retry-After", k_throttled_retry_s);
    return response;
}

bool IfMatch::matches(std::int64_t version) const {
    return any || std::find(versions.begin(), versions.end(), version) != versions.end();
}

Result<IfMatch> if_match(const http::Request& request) {
    IfMatch out;
    const auto value = http::find_header(request.headers, "If-Match");
    if (!value) return out;
    out.present = true;
    std::string_view rest = trim(*value);
    out.any = rest == "*";
    while (!out.any && !rest.empty()) {
        const std::size_t comma = rest.find(',');
        if (!read_tag(trim(rest.substr(0, comma)), out)) {
            return fail(
                ErrorCode::invalid_input,
                "If-Match must be * or entity tags in quotes, as the ETag header gave them");
        }
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    }
    return out;
}

bool not_modified(const http::Request& request, std::int64_t version) {
    const auto value = http::find_header(request.headers, "If-None-Match");
    return value && (trim(*value) == "*" || value->find(tag(version)) != std::string_view::npos);
}

http::Response precondition_required(std::string_view what) {
    return http::problem(
        428, "precondition_required",
        std::string(what) + " changes under If-Match: read it first and send its ETag");
}

http::Response precondition_failed(std::string_view what, std::int64_t version) {
    http::Response response =
        http::problem(412, "precondition_failed",
                      std::string(what) + " was changed by someone else: it has version " +
                          std::to_string(version) + " now; read it again, then decide");
    response.headers.emplace_back("ETag", tag(version));
    return response;
}

}  // namespace gantry::console
