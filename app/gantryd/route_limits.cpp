#include "app/gantryd/route_limits.hpp"

#include <limits>
#include <string_view>

#include "console/api/limits.hpp"
#include "core/model/report.hpp"

namespace gantry::app {
namespace {

constexpr std::size_t k_max_probe_bytes = 4 * 1024;  // probes and unknown paths take none at all
constexpr std::size_t k_max_session_bytes = 4 * 1024;
constexpr std::size_t k_max_enrol_bytes = 64 * 1024;

}  // namespace

std::size_t body_limit(const http::Request& head) {
    const std::string_view path = head.path;
    if (path == "/api/v1/sessions") return k_max_session_bytes;
    if (path == "/api/v1/agent/enrol") return k_max_enrol_bytes;
    if (path == "/api/v1/agent/report") return k_max_report_bytes;
    if (path.starts_with("/api/v1/intake/")) return std::numeric_limits<std::size_t>::max();
    if (path.starts_with("/api/v1/")) return console::k_max_document_bytes;
    return k_max_probe_bytes;
}

}  // namespace gantry::app
