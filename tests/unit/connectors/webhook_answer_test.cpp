// What the webhook asks and makes of answers, over a client that is told what to answer.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/webhook/webhook.hpp"
#include "core/base/text.hpp"
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using connectors::test::delivery;

namespace {

struct FakeClient final : http::Client {
    FakeClient(Result<http::Response>& next, http::ClientRequest& seen)
        : next_(next), seen_(seen) {}
    Result<http::Response> send(const http::ClientRequest& request) override {
        seen_ = request;
        return next_;
    }
    Result<http::Response>& next_;
    http::ClientRequest& seen_;
};

class WebhookWorld {
public:
    explicit WebhookWorld(const std::vector<std::string>& secrets = {}) {
        std::vector<Redacted<std::string>> keys;
        for (const auto& secret : secrets) keys.emplace_back(secret);
        connector = make_webhook({"desk", "https://desk.example.com/hook", std::move(keys),
                                  std::make_unique<FakeClient>(answer, request), clock});
    }
    DeliveryResult deliver(const std::string& remote_id = "") {
        Delivery row = delivery(1);
        row.payload = payload;
        row.operation = operation;
        return connector->deliver(row, remote_id, Millis{4'000});
    }
    DeliveryResult answered(int status, std::string body = "", http::Headers headers = {}) {
        answer = http::Response{status, "application/json", std::move(headers), std::move(body)};
        return deliver();
    }
    DeliveryResult failed(ErrorCode code) {
        answer = fail(code, "https://desk.example.com: it broke");
        return deliver();
    }
    std::string header(const std::string& name) {
        return std::string(http::find_header(request.headers, name).value_or("(none)"));
    }

    gantry::test::SimClock clock;
    Result<http::Response> answer{http::Response{}};
    http::ClientRequest request;
    std::string payload = R"({"schema":1,"text":"Tür"})";
    Operation operation = Operation::open;
    std::unique_ptr<Connector> connector;
};

// What webhook.hpp and connector.hpp promise of a status.
std::pair<Outcome, Cause> promised(int status) {
    if (status >= 200 && status < 300) return {Outcome::accepted, Cause::none};
    if (status >= 300 && status < 400) return {Outcome::retry_later, Cause::redirect};
    if (status == 429) return {Outcome::retry_later, Cause::throttled};
    const auto is_one_of = [status](std::initializer_list<int> these) {
        return std::find(these.begin(), these.end(), status) != these.end();
    };
    if (is_one_of({408, 409, 423, 425})) return {Outcome::retry_later, Cause::busy};
    if (is_one_of({400, 405, 413, 415, 422})) return {Outcome::rejected, Cause::refused};
    if (status >= 400 && status < 500) return {Outcome::retry_later, Cause::turned_away};
    if (status >= 500 && status < 600) return {Outcome::retry_later, Cause::server_error};
    return {Outcome::ambiguous, Cause::bad_answer};
}

}  // namespace

TEST_CASE("webhook: every status has its outcome and its cause") {
    WebhookWorld w;
    for (int status = 100; status <= 620; ++status) {
        CAPTURE(status);
        const auto result = w.answered(status, "why not");
        const auto [outcome, cause] = promised(status);
        REQUIRE(result.outcome == outcome);
        REQUIRE(result.cause == cause);
        if (outcome == Outcome::accepted) continue;
        CHECK(result.reason.find("status " + std::to_string(status)) == 0);
        CHECK(result.reason.find("why not") != std::string::npos);
    }
}

TEST_CASE(
    "webhook: a receiver's changed secret, moved address or empty ingress costs no delivery") {
    WebhookWorld w;
    for (const int status : {301, 302, 307, 308, 401, 403, 404, 407, 410}) {
        CAPTURE(status);
        const auto result = w.answered(status);
        CHECK(result.outcome == Outcome::retry_later);
        CHECK(blames_connector(result));
    }
    for (const int status : {400, 405, 413, 415, 422}) {
        CAPTURE(status);
        const auto result = w.answered(status);
        CHECK(result.outcome == Outcome::rejected);
        CHECK_FALSE(blames_connector(result));
    }
}

TEST_CASE("webhook: failures of the exchange are told apart by whether it may have arrived") {
    WebhookWorld w;
    const struct {
        ErrorCode code;
        Outcome outcome;
        Cause cause;
    } rows[] = {
        {ErrorCode::unavailable, Outcome::retry_later, Cause::connection},
        {ErrorCode::timeout, Outcome::ambiguous, Cause::timeout},
        {ErrorCode::internal, Outcome::ambiguous, Cause::reset},
        {ErrorCode::limit, Outcome::ambiguous, Cause::bad_answer},
        {ErrorCode::invalid_input, Outcome::retry_later, Cause::bad_settings},
    };
    for (const auto& row : rows) {
        CAPTURE(to_string(row.code));
        const auto result = w.failed(row.code);
        CHECK(result.outcome == row.outcome);
        CHECK(result.cause == row.cause);
        CHECK(result.reason == "https://desk.example.com: it broke");
    }
}

TEST_CASE("webhook: Retry-After is heard with 429, 503 and busy answers, in both forms") {
    WebhookWorld w;
    for (const int status : {429, 503, 500, 408, 409, 425, 301, 404}) {
        CAPTURE(status);
        CHECK(w.answered(status, "", {{"retry-after", "17"}}).retry_after == Millis{17'000});
        CHECK_FALSE(w.answered(status).retry_after.has_value());
        CHECK_FALSE(w.answered(status, "", {{"Retry-After", "soon"}}).retry_after.has_value());
    }
    const auto dated = w.answered(503, "", {{"Retry-After", "Mon, 24 Nov 2025 16:01:00 GMT"}});
    CHECK(dated.retry_after == Millis{60'000});  // the clock stands at 16:00:00
    CHECK_FALSE(w.answered(400, "", {{"Retry-After", "17"}}).retry_after.has_value());
    CHECK_FALSE(w.answered(200, "", {{"Retry-After", "17"}}).retry_after.has_value());
}

TEST_CASE("webhook: the remote id is a JSON answer's id, a text or a whole number") {
    WebhookWorld w;
    const auto id = [&w](const std::string& body) { return w.answered(200, body).remote_id; };
    CHECK(id(R"({"id":"T-17"})") == "T-17");
    CHECK(id(R"({"id":17,"x":1})") == "17");
    CHECK(id(R"({"id":18446744073709551615})") == "18446744073709551615");
    CHECK(id(R"({"id":"Tür"})") == "Tür");
    for (const std::string body :
         {"", "ok", "[]", "[{\"id\":1}]", "{}", "{\"ID\":1}", "{\"id\":null}", "{\"id\":1.5}",
          "{\"id\":true}", "{\"id\":{}}", "{\"id\":[1]}", "{\"id\":\"a\"", "\xff", "null",
          "{\"id\":\"\xff\"}"}) {
        CAPTURE(body);
        CHECK(id(body).empty());
    }
    const std::string longest = id(R"({"id":")" + std::string(5'000, 'x') + R"("})");
    CHECK(longest == std::string(128, 'x'));
}

TEST_CASE("webhook: an id that no header line could carry back is none") {
    WebhookWorld w;
    for (const std::string id : {R"(a\nX-Evil: 1)", R"(a\r\nb)", R"(a\tb)", R"(a\u0000b)"}) {
        CAPTURE(id);
        const auto result = w.answered(200, R"({"id":")" + id + R"("})");
        CHECK(result.outcome == Outcome::accepted);
        CHECK(result.remote_id.empty());
    }
}

TEST_CASE("webhook: an id from earlier that no header line can carry is left out") {
    WebhookWorld w;
    for (const std::string id : {"a\r\nb", "a\tb", "\x7f"}) {
        (void)w.deliver(id);
        CHECK(w.header("X-Gantry-Remote-Id") == "(none)");
    }
}

TEST_CASE("webhook: a request is the payload to the byte, and says what and which it is") {
    WebhookWorld w;
    (void)w.deliver();
    CHECK(w.request.method == "POST");
    CHECK(w.request.url == "https://desk.example.com/hook");
    CHECK(w.request.body == w.payload);
    CHECK(w.request.timeout == Millis{4'000});
    CHECK(w.header("Content-Type") == "application/json");
    CHECK(w.header("Idempotency-Key") == delivery(1).idempotency_key);
    CHECK(w.header("X-Gantry-Delivery") == delivery(1).idempotency_key);
    CHECK(w.header("X-Gantry-Event") == "incident.open");
    CHECK(w.header("X-Gantry-Timestamp") == "1764000000");
    CHECK(w.header("X-Gantry-Remote-Id") == "(none)");
    CHECK(w.header("X-Gantry-Signature") == "(none)");
    w.operation = Operation::resolve;
    (void)w.deliver("T-17");
    CHECK(w.header("X-Gantry-Event") == "incident.resolve");
    CHECK(w.header("X-Gantry-Remote-Id") == "T-17");
}

TEST_CASE("webhook: signed with HMAC-SHA256 over time and body, once per secret") {
    // Computed by Python's hmac: hmac.new(secret, b"1764000000." + body, sha256).
    const std::string by_new = "3023421caedfeff0c3492b868113e448c22eb0e76590976da647e3b90e91ea43";
    const std::string by_old = "7b74031a080a1ef0fb8fd82a34bc8ca70c9a1daba77a30e9e9f18bc78d7dc54f";
    WebhookWorld one({"s3cret"});
    (void)one.deliver();
    CHECK(one.header("X-Gantry-Signature") == "v1=" + by_new);
    WebhookWorld two({"s3cret", "old"});
    (void)two.deliver();
    CHECK(two.header("X-Gantry-Signature") == "v1=" + by_new + ",v1=" + by_old);
    one.clock.advance(Millis{1'000});
    (void)one.deliver();
    CHECK(one.header("X-Gantry-Timestamp") == "1764000001");
    CHECK(one.header("X-Gantry-Signature") != "v1=" + by_new);
    CHECK(one.header("Idempotency-Key") == delivery(1).idempotency_key);
}

TEST_CASE("webhook: no secret is in a reason, and a reason is bounded and clean") {
    WebhookWorld w({"s3cret"});
    const auto result = w.answered(400, std::string(10'000, 'x') + '\0' + "\x1b[31m\xff");
    CHECK(result.reason.size() < 400);
    CHECK(is_utf8(result.reason));
    const auto wild = w.answered(500, "a\x1b[31m\xff");
    CHECK(wild.reason.find('\x1b') == std::string::npos);
    CHECK(is_utf8(wild.reason));
    CHECK(wild.reason.find("s3cret") == std::string::npos);
}
