#include "collector/intake/intake_desk.hpp"

#include <catch2/catch.hpp>

#include "tests/support/coroutine.hpp"
#include "tests/support/fake_gates.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;

namespace {

class OneToken final : public Authenticator {
public:
    boost::asio::awaitable<Result<Principal>> authenticate(std::string token) override {
        if (token != "good") co_return fail(ErrorCode::unauthorised, "unknown token");
        co_return principal;
    }
    Principal principal{"t", Role::intake, Scope::of(OrganisationId{2}), OrganisationId{2}};
};

struct Desk {
    boost::asio::io_context context;
    test::SimClock clock;
    test::FakeEventGate events;
    OneToken tokens;
    telemetry::Registry metrics;
    collector::IntakeDesk desk{events, tokens, clock, metrics};

    http::Response post(const std::string& body, const std::string& token = "good",
                        const std::string& format = "generic") {
        http::Request request;
        request.method = "POST";
        request.path = "/api/v1/intake/" + format;
        request.headers.emplace_back("Authorization", "Bearer " + token);
        request.body = body;
        return test::run(context, desk.handle(format, std::move(request)));
    }
};

const std::string k_body = R"({"key":"k","summary":"s"})";

}  // namespace

TEST_CASE("intake desk: a good body is journaled as it came, then answered 202") {
    Desk d;
    const auto response = d.post(k_body);
    CHECK(response.status == 202);
    CHECK(response.body == R"({"accepted":1,"coalesced":false,"key":"k","status":"firing"})");
    REQUIRE(d.events.accepted.size() == 1);
    CHECK(d.events.accepted[0].body == k_body);
    CHECK(d.events.accepted[0].organisation == OrganisationId{2});
    CHECK(d.events.accepted[0].source == "generic");
}

TEST_CASE("intake desk: a resend that changes nothing is not journaled") {
    Desk d;
    d.events.coalesces = true;
    CHECK(d.post(k_body).status == 202);
    CHECK(d.events.accepted.empty());
    CHECK(d.events.offered == 1);
}

TEST_CASE("intake desk: what the journal cannot take is not acknowledged") {
    Desk d;
    d.events.error = fail(ErrorCode::limit, "full");
    const auto response = d.post(k_body);
    CHECK(response.status == 503);
    CHECK(http::find_header(response.headers, "Retry-After").has_value());
}

TEST_CASE("intake desk: refusals are problem documents with a counter") {
    Desk d;
    CHECK(d.post("{").status == 400);
    CHECK(d.post(k_body, "").status == 401);
    CHECK(d.post(k_body, "bad").status == 401);
    CHECK(d.post(k_body, "good", "xml").status == 404);
    d.tokens.principal.role = Role::viewer;
    CHECK(d.post(k_body).status == 403);
    CHECK(d.post("{").content_type == "application/problem+json");
    CHECK(d.events.accepted.empty());
    const std::string text = d.metrics.prometheus_text();
    CHECK(text.find("gantry_intake_refused_total{reason=\"invalid_input\"} 1") !=
          std::string::npos);
    CHECK(text.find("gantry_intake_refused_total{reason=\"wrong_credential\"} 1") !=
          std::string::npos);
}

TEST_CASE("intake desk: another organisation does not exist for a token") {
    Desk d;
    http::Request request;
    request.method = "POST";
    request.headers.emplace_back("Authorization", "Bearer good");
    request.query.emplace_back("organisation", "3");
    request.body = k_body;
    CHECK(test::run(d.context, d.desk.handle("generic", request)).status == 404);
    request.query = {{"organisation", "2"}};
    CHECK(test::run(d.context, d.desk.handle("generic", request)).status == 202);
    request.query = {{"organisation", "x"}};
    CHECK(test::run(d.context, d.desk.handle("generic", request)).status == 404);
    request.method = "GET";
    CHECK(test::run(d.context, d.desk.handle("generic", request)).status == 405);
}
