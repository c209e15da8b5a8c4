// A small gzip without a credential blocked the one thread for a fifth of a second: whatever the
// route, its body was inflated to 4 MiB and read before anyone asked who sent it.
#include "app/gantryd/route_limits.hpp"

#include <catch2/catch.hpp>

#include "core/model/report.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

std::size_t limit_of(const std::string& path) {
    http::Request head;
    head.method = "POST";
    head.path = path;
    return body_limit(head);
}

}  // namespace

TEST_CASE("issue 018: a route that needs no credential takes little") {
    CHECK(limit_of("/api/v1/sessions") <= 4 * 1024);
    CHECK(limit_of("/healthz") <= 4 * 1024);
    CHECK(limit_of("/nonsense") <= 4 * 1024);
    CHECK(limit_of("") <= 4 * 1024);
    CHECK(limit_of("/api/v1/agent/enrol") <= 64 * 1024);
}

TEST_CASE("issue 018: every route takes what its documents may have") {
    CHECK(limit_of("/api/v1/agent/report") >= k_max_report_bytes);
    CHECK(limit_of("/api/v1/policies/default") >= 256 * 1024);
    CHECK(limit_of("/api/v1/intake/generic") > std::size_t{1} << 30);  // the server's own bounds
}
