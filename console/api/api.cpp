#include "console/api/api.hpp"

#include <array>

#include "console/api/routes.hpp"
#include "core/crypto/crypto.hpp"
#include "core/http/auth_guard.hpp"

namespace gantry::console {
namespace {

using boost::asio::awaitable;

// What the path and method say, before anyone is asked who they are.
struct Found {
    const Route* route = nullptr;
    std::vector<std::string> values;
    std::string allow;  // methods of this path, when none is the request's
};

Found find_route(const http::Request& request) {
    Found found;
    std::string_view path = request.path;
    if (!path.starts_with(k_api_root)) return found;
    path.remove_prefix(k_api_root.size());
    for (const Route& route : routes()) {
        auto values = match(route.pattern, path);
        if (!values) continue;
        if (route.method == request.method) {
            found.route = &route;
            found.values = std::move(*values);
            return found;
        }
        found.allow += (found.allow.empty() ? "" : ", ") + route.method;
        if (route.method == "GET") found.allow += ", HEAD";
    }
    return found;
}

http::Response no_route(const http::Request& request, const Found& found) {
    const std::string path = truncate_utf8(sanitise(request.path), 200);
    if (!found.allow.empty()) {
        auto response = http::problem(405, "method_not_allowed", path + " takes " + found.allow);
        response.headers.emplace_back("Allow", found.allow);
        return response;
    }
    std::vector<std::string> known;
    for (const Route& route : routes()) {
        known.push_back(std::string(k_api_root) + route.pattern);
    }
    const auto meant = nearest(request.path, known);
    return http::problem(404, "no_such_path",
                         "nothing is at " + path + (meant ? "; did you mean " + *meant + "?" : ""));
}

// RFC 9110 12.5.1, as far as it can matter to who sends JSON only.
bool accepts_json(const http::Request& request) {
    const auto accept = http::find_header(request.headers, "Accept");
    if (!accept || trim(*accept).empty()) return true;
    const std::string ranges = to_lower_ascii(*accept);
    for (const char* range : {"*/*", "application/*", "application/json"}) {
        if (ranges.find(range) != std::string::npos) return true;
    }
    return false;
}

// nullopt: the request may go to its handler, as far as its form goes.
std::optional<http::Response> refuse_form(const Route& route, const http::Request& request) {
    if (!accepts_json(request)) {
        return http::problem(406, "not_acceptable", "the API answers with application/json only");
    }
    if (route.takes_body && !request.body.empty() && !has_json_type(request)) {
        return http::problem(415, "unsupported_media_type",
                             "the body must be JSON: send Content-Type: application/json");
    }
    if (!route.takes_body && !request.body.empty()) {
        return http::problem(400, "invalid_input", route.method + " takes no body here");
    }
    if (const auto checked = check_query(request, route.query); !checked) {
        return refusal(checked.error());
    }
    return std::nullopt;
}

http::Response refuse_role(Role minimum, Role role) {
    return http::problem(403, "forbidden",
                         "this is for the role " + std::string(to_string(minimum)) +
                             (minimum == Role::admin ? "" : " and above") + "; yours is " +
                             to_string(role));
}

}  // namespace

class Api::Inside {
public:
    explicit Inside(ApiParts parts)
        : parts_(wrap(std::move(parts))),
          store_(parts_.database),
          guard_(parts_.clock),
          desk_{parts_, store_, guard_, parts_.clock.now()},
          seconds_(parts_.metrics.histogram("gantry_api_seconds", "Time to answer API requests")) {
        for (const char* reason : {"bad_token", "throttled"}) unauthorised(reason);
    }

    awaitable<http::Response> handle(http::Request request) {
        const auto begin = parts_.clock.steady_now();
        const Found found = find_route(request);
        http::Response response;
        if (!found.route) {
            response = no_route(request, found);
        } else {
            response = co_await answer(*found.route, found.values, std::move(request));
        }
        count(found.route, response);
        const std::chrono::duration<double> took = parts_.clock.steady_now() - begin;
        seconds_.observe(took.count());
        co_return response;
    }

private:
    // A revoked token must not pass the guard as known to be good either.
    ApiParts wrap(ApiParts parts) {
        auto tell = std::move(parts.access_changed);
        parts.access_changed = [this, tell = std::move(tell)] {
            guard_.forget();
            if (tell) tell();
        };
        return parts;
    }

    awaitable<http::Response> answer(const Route& route, std::vector<std::string> values,
                                     http::Request request) {
        Call call;
        if (route.minimum) {
            auto principal =
                co_await authenticate(std::string(request.bearer()), std::string(request.peer));
            if (!principal) co_return refuse_caller(principal.error());
            if (!permits(principal->role, *route.minimum)) {
                co_return refuse_role(*route.minimum, principal->role);
            }
            call.principal = std::move(*principal);
        }
        if (auto refused = refuse_form(route, request)) co_return std::move(*refused);
        call.request = std::move(request);
        call.path = std::move(values);
        auto response = co_await route.handler(desk_, std::move(call));
        if (response) co_return std::move(*response);
        co_return refuse_failure(route, response.error());
    }

    // What the caller is not told stands in the log.
    http::Response refuse_failure(const Route& route, const Error& error) {
        http::Response response = refusal(error);
        if (response.status >= 500) {
            parts_.log.warn("api_request_failed", {{"route", route.method + " " + route.pattern},
                                                   {"status", response.status},
                                                   {"error", error.message}});
        }
        return response;
    }

    awaitable<Result<Principal>> authenticate(std::string token, std::string peer) {
        if (token.empty()) {
            co_return fail(ErrorCode::unauthorised,
                           "a token is needed: send Authorization: Bearer <token>");
        }
        const std::string digest = crypto::sha256_hex(token);
        if (!guard_.may_try(peer, digest)) {
            co_return fail(ErrorCode::limit, "too many failed attempts from your address");
        }
        auto principal = co_await parts_.authenticator.authenticate(std::move(token));
        if (principal) {
            guard_.succeeded(digest);
        } else if (principal.error().code == ErrorCode::unauthorised) {
            guard_.failed(peer);
            failed("bad_token");
        }
        co_return principal;
    }

    http::Response refuse_caller(const Error& error) {
        if (error.code != ErrorCode::limit) return refusal(error);
        failed("throttled");
        return throttled();
    }

    telemetry::Counter& unauthorised(const char* reason) {
        return parts_.metrics.counter("gantry_api_unauthorised_total",
                                      "API requests without a good credential",
                                      {{"reason", reason}});
    }
    void failed(const char* reason) { unauthorised(reason).add(); }

    void count(const Route* route, const http::Response& response) {
        parts_.metrics
            .counter("gantry_api_requests_total", "API requests, by route and status",
                     {{"route", route ? route->method + " " + route->pattern : "none"},
                      {"status", std::to_string(response.status)}})
            .add();
    }

    ApiParts parts_;
    Store store_;
    http::AuthGuard guard_;
    Desk desk_;
    telemetry::Histogram& seconds_;
};

Api::Api(ApiParts parts) : inside_(std::make_unique<Inside>(std::move(parts))) {}
Api::~Api() = default;

awaitable<http::Response> Api::handle(http::Request request) {
    co_return co_await inside_->handle(std::move(request));
}

}  // namespace gantry::console
