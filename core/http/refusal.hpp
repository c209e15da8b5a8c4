// Why the server did not serve: one word per cause, which is the label of
// gantry_http_refused_total, and the answer that goes with it. Private to core/http.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "core/telemetry/metrics.hpp"

namespace gantry::http {

enum class Reason {
    connections,   // table full and nobody to evict
    evicted,       // gave its place to a newer connection
    accept_error,  // out of file descriptors or memory
    handshake,     // TLS failed
    handshake_timeout,
    header_timeout,
    header_limit,
    body_timeout,
    body_limit,
    inflated_limit,
    encoding,  // a Content-Encoding that we do not speak
    malformed,
    inflight,  // bodies of all connections together
    handler_timeout,
    handler_error,  // the handler threw
    write_timeout,
    aborted,  // the client left in the middle of a request
};
inline constexpr std::size_t k_reasons = 17;

[[nodiscard]] constexpr const char* to_string(Reason reason) {
    constexpr std::array<const char*, k_reasons> words{
        "connections",    "evicted",      "accept_error", "handshake",       "handshake_timeout",
        "header_timeout", "header_limit", "body_timeout", "body_limit",      "inflated_limit",
        "encoding",       "malformed",    "inflight",     "handler_timeout", "handler_error",
        "write_timeout",  "aborted"};
    return words[static_cast<std::size_t>(reason)];
}

// A request that is answered by the server itself, after which the connection closes.
struct Refusal {
    Reason reason = Reason::malformed;
    int status = 400;
    std::string code = "malformed_request";
    std::string detail;
};

class ServerMetrics {
public:
    explicit ServerMetrics(telemetry::Registry& registry)
        : connections(registry.gauge("gantry_http_connections", "Open HTTP connections.")),
          request_seconds(registry.histogram("gantry_http_request_seconds",
                                             "From a request's last byte to its answer's.")) {
        for (std::size_t i = 0; i < k_reasons; ++i) {
            refused_[i] = &registry.counter("gantry_http_refused_total",
                                            "Connections and requests not served, by reason.",
                                            {{"reason", to_string(static_cast<Reason>(i))}});
        }
        for (std::size_t i = 0; i < classes_.size(); ++i) {
            classes_[i] = &registry.counter("gantry_http_requests_total",
                                            "Requests answered, by class of status code.",
                                            {{"code", std::to_string(i + 1) + "xx"}});
        }
    }
    void refused(Reason reason) { refused_[static_cast<std::size_t>(reason)]->add(); }
    void answered(int status) {
        const int index = status / 100 - 1;
        if (index >= 0 && index < 5) classes_[static_cast<std::size_t>(index)]->add();
    }

    telemetry::Gauge& connections;
    telemetry::Histogram& request_seconds;

private:
    std::array<telemetry::Counter*, k_reasons> refused_{};
    std::array<telemetry::Counter*, 5> classes_{};
};

}  // namespace gantry::http
