// The webhook over real sockets: core/http's client against core/http's server, and against peers
// that break off, fall silent or talk too much.
#include <atomic>
#include <thread>

#include "connectors/webhook/webhook.hpp"
#include "tests/support/raw_listener.hpp"
#include "tests/unit/connectors/engine_world.hpp"
#include "tests/unit/core_http/server_harness.hpp"

using namespace gantry;
using namespace gantry::connectors;
using connectors::test::delivery;
using gantry::test::RawListener;
using gantry::test::receive_line;
using gantry::test::send_text;

namespace {

const SystemClock k_clock;

std::unique_ptr<Connector> webhook_to(const std::string& url, http::ClientOptions options = {}) {
    std::vector<Redacted<std::string>> secrets;
    secrets.emplace_back(std::string("s3cret"));
    return make_webhook(
        {"desk", url, std::move(secrets), http::make_client(std::move(options)), k_clock});
}

DeliveryResult deliver(Connector& connector, Millis timeout = Millis{5'000}) {
    return connector.deliver(delivery(1), "T-1", timeout);
}

// One call against a peer that reads the request's first line, sends this and goes.
DeliveryResult call(const std::string& raw_answer, http::ClientOptions options = {}) {
    const RawListener peer;
    std::thread server([&] {
        peer.serve_once([&](int socket) {
            while (!receive_line(socket).empty()) {
            }
            send_text(socket, raw_answer);
        });
    });
    const auto result = deliver(*webhook_to(peer.url("http", "/hook"), std::move(options)));
    server.join();
    return result;
}

}  // namespace

TEST_CASE("webhook: the request arrives whole, and the answer's id comes back") {
    http::Request seen;
    http::test::TestServer server(
        {}, [&seen](http::Request request) -> boost::asio::awaitable<http::Response> {
            seen = std::move(request);
            http::Response response;
            response.status = 201;
            response.body = R"({"id":"T-1"})";
            co_return response;
        });
    const auto result = deliver(*webhook_to(server.url("/hooks/desk")));
    CHECK(result.outcome == Outcome::accepted);
    CHECK(result.remote_id == "T-1");
    CHECK(seen.method == "POST");
    CHECK(seen.path == "/hooks/desk");
    CHECK(seen.body == delivery(1).payload);
    CHECK(http::find_header(seen.headers, "Idempotency-Key") == delivery(1).idempotency_key);
    CHECK(http::find_header(seen.headers, "X-Gantry-Remote-Id") == "T-1");
    CHECK(http::find_header(seen.headers, "X-Gantry-Signature").value_or("").size() == 67);
}

TEST_CASE("webhook: a redirect is not followed, whatever its kind") {
    std::atomic<int> followed{0};
    http::test::TestServer server(
        {}, [&followed](http::Request request) -> boost::asio::awaitable<http::Response> {
            http::Response response;
            if (request.path == "/elsewhere") {
                ++followed;
                co_return response;
            }
            response.status = std::stoi(request.path.substr(1));
            response.headers.emplace_back("Location", "/elsewhere");
            co_return response;
        });
    for (const int status : {301, 302, 303, 307, 308}) {
        CAPTURE(status);
        const auto result = deliver(*webhook_to(server.url("/" + std::to_string(status))));
        CHECK(result.outcome == Outcome::retry_later);
        CHECK(result.cause == Cause::redirect);
        CHECK(result.reason.find("redirect") != std::string::npos);
    }
    CHECK(followed == 0);
}

TEST_CASE("webhook: statuses and Retry-After survive the way through real HTTP") {
    http::test::TestServer server(
        {}, [](http::Request request) -> boost::asio::awaitable<http::Response> {
            http::Response response;
            response.status = std::stoi(request.path.substr(1));
            response.headers.emplace_back("Retry-After", "9");
            co_return response;
        });
    const auto result_of = [&server](int status) {
        return deliver(*webhook_to(server.url("/" + std::to_string(status))));
    };
    CHECK(result_of(204).outcome == Outcome::accepted);
    CHECK(result_of(404).cause == Cause::turned_away);
    CHECK(result_of(422).cause == Cause::refused);
    CHECK(result_of(409).cause == Cause::busy);
    CHECK(result_of(429).cause == Cause::throttled);
    CHECK(result_of(429).retry_after == Millis{9'000});
    CHECK(result_of(503).cause == Cause::server_error);
    CHECK(result_of(503).retry_after == Millis{9'000});
}

TEST_CASE("webhook: nobody there, and no such host, are a retry: nothing was sent") {
    std::string nobody;
    {
        const RawListener gone;
        nobody = gone.url("http", "/hook");
    }
    for (const std::string& url : {nobody, std::string("http://host.invalid/")}) {
        const auto result = deliver(*webhook_to(url));
        CHECK(result.outcome == Outcome::retry_later);
        CHECK(result.cause == Cause::connection);
    }
}

TEST_CASE("webhook: silence until the timeout is ambiguous, and takes no longer") {
    const RawListener deaf;
    const auto begin = k_clock.steady_now();
    const auto result = deliver(*webhook_to(deaf.url("http", "/hook")), Millis{150});
    CHECK(result.outcome == Outcome::ambiguous);
    CHECK(result.cause == Cause::timeout);
    CHECK(k_clock.steady_now() - begin < std::chrono::seconds{3});
}

TEST_CASE("webhook: a connection that breaks after the request is ambiguous") {
    const auto result = call("");
    CHECK(result.outcome == Outcome::ambiguous);
    CHECK(result.cause == Cause::reset);
}

TEST_CASE("webhook: an answer that is no HTTP is ambiguous: it may have worked") {
    CHECK(call("SSH-2.0-OpenSSH\r\n").outcome == Outcome::ambiguous);
}

TEST_CASE("webhook: 2xx is accepted whatever its body, and any status keeps its meaning") {
    http::ClientOptions options;
    options.max_response_bytes = 100;
    const std::string too_large = " X\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x');
    const auto accepted = call("HTTP/1.1 200" + too_large, options);
    CHECK(accepted.outcome == Outcome::accepted);
    CHECK(accepted.remote_id.empty());
    CHECK(call("HTTP/1.1 422" + too_large, options).outcome == Outcome::rejected);
    CHECK(call("HTTP/1.1 503" + too_large, options).cause == Cause::server_error);
    const std::string broken_off = " X\r\nContent-Length: 99\r\n\r\n{\"id\":\"T-1\",\"more\":";
    const auto cut = call("HTTP/1.1 201" + broken_off, options);
    CHECK(cut.outcome == Outcome::accepted);
    CHECK(cut.remote_id.empty());
}

TEST_CASE("webhook: a URL's secrets are not in a reason") {
    const auto result = deliver(*webhook_to("http://host.invalid/hooks/t0ken?key=abc"));
    CHECK(result.reason.find("host.invalid") != std::string::npos);
    CHECK(result.reason.find("t0ken") == std::string::npos);
    CHECK(result.reason.find("abc") == std::string::npos);
}
