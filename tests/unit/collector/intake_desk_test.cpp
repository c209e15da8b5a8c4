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

// Organisations that exist: 2 is "acme", 3 is "globex".
class TwoOrganisations final : public OrganisationNames {
public:
    boost::asio::awaitable<Result<OrganisationId>> find(Scope scope, std::string text) override {
        if (down) co_return fail(ErrorCode::unavailable, "the records are locked");
        const OrganisationId id{text == "acme" || text == "2"     ? 2
                                : text == "globex" || text == "3" ? 3
                                                                  : 0};
        if (!id.is_set() || !scope.allows(id)) co_return fail(ErrorCode::not_found, "none such");
        co_return id;
    }
    bool down = false;
};

struct Desk {
    boost::asio::io_context context;
    test::SimClock clock;
    test::FakeEventGate events;
    OneToken tokens;
    TwoOrganisations organisations;
    telemetry::Registry metrics;
    collector::IntakeDesk desk{events, tokens, organisations, clock, metrics};

    http::Response post_to(const std::string& organisation) {
        http::Request request;
        request.method = "POST";
        request.headers.emplace_back("Authorization", "Bearer good");
        request.query.emplace_back("organisation", organisation);
        request.body = R"({"key":"k","summary":"s"})";
        return test::run(context, desk.handle("generic", std::move(request)));
    }

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
    CHECK(d.post_to("globex").status == 404);
    CHECK(d.post_to("3").status == 404);
    CHECK(d.post_to("x").status == 404);
    CHECK(d.post_to("").status == 404);
    CHECK(d.events.accepted.empty());
    CHECK(d.post_to("2").status == 202);
    CHECK(d.post_to("acme").status == 202);
    CHECK(d.events.accepted.size() == 2);
}

TEST_CASE("intake desk: nothing is taken for an organisation that does not exist, whoever sends") {
    Desk d;
    d.tokens.principal.scope = Scope::all();
    for (const char* organisation : {"4", "-1", "0", "99999999999999999999", "initech"}) {
        CAPTURE(organisation);
        CHECK(d.post_to(organisation).status == 404);
    }
    CHECK(d.events.accepted.empty());
    CHECK(d.post_to("globex").status == 202);
    REQUIRE(d.events.accepted.size() == 1);
    CHECK(d.events.accepted[0].organisation == OrganisationId{3});
}

TEST_CASE("intake desk: who cannot look organisations up takes nothing for one, and says so") {
    Desk d;
    d.organisations.down = true;
    CHECK(d.post_to("acme").status == 503);
    CHECK(d.post(k_body).status == 202);  // the token's own needs no look
}

TEST_CASE("intake desk: events are counted when they were taken, not when they were refused") {
    Desk d;
    const auto taken = [&](const char* count) {
        const std::string line = "gantry_intake_events_total{format=\"generic\"} ";
        return d.metrics.prometheus_text().find(line + count + "\n") != std::string::npos;
    };
    CHECK(taken("0"));
    d.events.error = fail(ErrorCode::limit, "full");
    CHECK(d.post(k_body).status == 503);
    CHECK(taken("0"));
    d.events.error.reset();
    CHECK(d.post(R"([{"key":"a","summary":"s"},{"key":"b","summary":"s"}])").status == 202);
    CHECK(taken("2"));
    d.events.coalesces = true;
    CHECK(d.post(k_body).status == 202);
    CHECK(taken("3"));
}

TEST_CASE("intake desk: every reason to refuse has its counter from the start") {
    Desk d;
    const std::string text = d.metrics.prometheus_text();
    for (const char* reason :
         {"unknown_format", "method_not_allowed", "no_credential", "wrong_credential", "forbidden",
          "unknown_organisation", "invalid_input", "unavailable"}) {
        CAPTURE(reason);
        const std::string line =
            "gantry_intake_refused_total{reason=\"" + std::string(reason) + "\"} 0";
        CHECK(text.find(line) != std::string::npos);
    }
}

TEST_CASE("intake desk: only POST sends events") {
    Desk d;
    http::Request request;
    request.method = "GET";
    CHECK(test::run(d.context, d.desk.handle("generic", std::move(request))).status == 405);
}
