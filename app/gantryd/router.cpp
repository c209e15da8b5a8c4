#include "app/gantryd/router.hpp"

namespace gantry::app {
namespace {

constexpr std::string_view k_agent = "/api/v1/agent/";
constexpr std::string_view k_intake = "/api/v1/intake/";
constexpr std::string_view k_api = "/api/v1/";

http::Response plain(int status, std::string text) {
    http::Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(text);
    return response;
}

http::Response answer_probe(const Routes& routes, const http::Request& request) {
    if (request.path == "/healthz") return plain(200, "ok\n");
    if (request.path == "/readyz") {
        const std::string reason = routes.not_ready();
        return reason.empty() ? plain(200, "ready\n") : plain(503, "not ready: " + reason + "\n");
    }
    auto response = plain(200, routes.metrics.prometheus_text());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return response;
}

bool is_probe(std::string_view path) {
    return path == "/healthz" || path == "/readyz" || path == "/metrics";
}

// What agents and monitors send without end; people and enrolments have guards of their own, which
// bound what fails (core/http/auth_guard.hpp).
std::optional<CredentialRate::Route> limited_route(std::string_view path) {
    if (path.starts_with(k_intake)) return CredentialRate::Route::intake;
    if (path == "/api/v1/agent/report") return CredentialRate::Route::report;
    return std::nullopt;
}

std::optional<http::Response> refuse_rate(const Routes& routes, const http::Request& request) {
    const auto kind = limited_route(request.path);
    if (!kind || routes.rate == nullptr) return std::nullopt;
    const auto wait_s = routes.rate->refused(request.bearer(), *kind);
    if (!wait_s) return std::nullopt;
    auto response = http::problem(429, "too_many_requests",
                                  "this credential makes too many requests; wait a little");
    response.headers.emplace_back("Retry-After", std::to_string(*wait_s));
    return response;
}

}  // namespace

boost::asio::awaitable<http::Response> route(const Routes& routes, http::Request request) {
    const std::string path = request.path;
    if (is_probe(path)) {
        if (request.method == "GET" || request.method == "HEAD") {
            co_return answer_probe(routes, request);
        }
        auto response = http::problem(405, "method_not_allowed", path + " takes GET");
        response.headers.emplace_back("Allow", "GET, HEAD");
        co_return response;
    }
    if (!routes.serving()) {
        auto response = http::problem(503, "starting", "gantryd is starting; try again soon");
        response.headers.emplace_back("Retry-After", "1");
        co_return response;
    }
    if (auto refused = refuse_rate(routes, request)) co_return std::move(*refused);
    if (path.starts_with(k_agent)) {
        std::string rest = path.substr(k_agent.size());
        co_return co_await routes.agent(std::move(rest), std::move(request));
    }
    if (path.starts_with(k_intake)) {
        std::string rest = path.substr(k_intake.size());
        co_return co_await routes.intake(std::move(rest), std::move(request));
    }
    if (path.starts_with(k_api)) co_return co_await routes.api(std::move(request));
    co_return http::problem(404, "not_found",
                            "nothing is at " + path + "; the API is under " + std::string(k_api));
}

}  // namespace gantry::app
