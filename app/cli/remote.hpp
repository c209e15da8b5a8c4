// Remote: gantryd's API as the commands see it, over core/http's client. What went wrong comes back
// as an Error with one line that says what, where, and what to do about it.
//
// Blocking; one thread. Private to app/cli: nlohmann-json shows.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/http/client.hpp"

namespace gantry::cli {

using Json = nlohmann::ordered_json;

// How a run ends; scripts rely on these numbers (docs/cli.md).
enum ExitCode : int {
    k_ok = 0,
    k_failed = 1,
    k_usage = 2,
    k_unreachable = 3,
    k_unauthorised = 4,
    k_not_found = 5
};
[[nodiscard]] ExitCode exit_code_of(const Error& error);

struct Reply {
    int status = 200;
    Json json;
    std::string raw;   // the body as it came, for --json
    std::string etag;  // empty: none
};

using Parameters = std::vector<std::pair<std::string, std::string>>;  // empty values are left out

class Remote {
public:
    Remote(http::Client& client, std::string url, Redacted<std::string> token);

    // `path` below /api/v1: "/incidents". Errors: unavailable (cannot be reached), unauthorised and
    // forbidden (401, 403), not_found (404), conflict (409, 412), else what the server refused.
    Result<Reply> get(const std::string& path, const Parameters& parameters = {});
    Result<Reply> send(const std::string& method, const std::string& path, const Json& body,
                       const std::string& if_match = "", const Parameters& parameters = {});
    // Reads `path` for its ETag and sends `body` under it; once more when somebody was faster.
    Result<Reply> modify(const std::string& method, const std::string& path, const Json& body,
                         const Parameters& parameters = {});
    // A list: one page of `limit`, or with `all` every page as one.
    Result<Reply> list(const std::string& path, Parameters parameters, int limit, bool all);

private:
    Result<Reply> exchange(http::ClientRequest request, const std::string& what);
    [[nodiscard]] std::string address(const std::string& path, const Parameters& parameters) const;
    [[nodiscard]] Error unreachable(const Error& error) const;
    [[nodiscard]] Error refused(const http::Response& response, const std::string& what) const;

    http::Client& client_;
    std::string url_;
    Redacted<std::string> token_;
};

// Percent-encoded, for one part of a path or a parameter.
[[nodiscard]] std::string encode_part(const std::string& text);

}  // namespace gantry::cli
