#include "core/http/client.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server_harness.hpp"
#include "tests/support/raw_listener.hpp"

using namespace gantry;
using namespace gantry::http;
using namespace gantry::http::test;
using gantry::test::RawListener;
using gantry::test::send_text;

namespace {

asio::awaitable<Response> headers_of(Request request) {
    Response response;
    for (const auto& [name, value] : request.headers) response.body += name + ": " + value + "\n";
    co_return response;
}

// Takes one connection, reads a little, sends `bytes`, closes; `mute` asks it to hold on until the
// other side has gone.
void answer_once(const RawListener& listener, const std::string& bytes, bool mute = false) {
    listener.serve_once([&](int peer) {
        char chunk[4096];
        ::recv(peer, chunk, sizeof chunk, 0);
        send_text(peer, bytes);
        while (mute && ::recv(peer, chunk, sizeof chunk, 0) > 0) {
        }
    });
}

Result<Response> ask(const std::string& raw_answer, ClientOptions options = {}) {
    const RawListener listener;
    std::thread server([&] { answer_once(listener, raw_answer); });
    auto result = make_client(std::move(options))->send(post(listener.url("http"), "x"));
    server.join();
    return result;
}

}  // namespace

TEST_CASE("client: any complete answer is a value, 5xx and redirects too") {
    TestServer server({}, [](Request request) -> asio::awaitable<Response> {
        Response response;
        response.status = std::stoi(request.path.substr(1));
        response.headers.emplace_back("Location", "/200");
        co_return response;
    });
    const auto client = make_client({});
    for (const int status : {200, 201, 204, 301, 302, 404, 429, 500, 503}) {
        const auto got = client->send(get(server.url("/" + std::to_string(status))));
        REQUIRE(got);
        CHECK(got->status == status);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("client: sends its headers, names itself and asks for nothing surprising") {
    TestServer server({}, headers_of);
    ClientOptions options;
    options.user_agent = "gantry-agent/0.1";
    auto request = post(server.url(), std::string(2 << 19, 'x'));
    request.headers = {{"X-A", "b"}, {"X-Empty", ""}, {"Content-Type", "application/json"}};
    const auto got = make_client(options)->send(request);
    REQUIRE(got);
    CHECK(got->body.find("X-A: b\n") != std::string::npos);
    CHECK(got->body.find("X-Empty: \n") != std::string::npos);
    CHECK(got->body.find("User-Agent: gantry-agent/0.1\n") != std::string::npos);
    CHECK(got->body.find("Content-Type: application/json\n") != std::string::npos);
    CHECK(got->body.find("Expect") == std::string::npos);
    const auto bare = make_client({})->send(post(server.url(), "x"));
    REQUIRE(bare);
    CHECK(bare->body.find("Content-Type") == std::string::npos);
}

TEST_CASE("client: every method goes out as itself, with a body where there is one") {
    TestServer server;
    const auto client = make_client({});
    for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        auto request = get(server.url("/m"));
        request.method = method;
        if (method != "GET" && method != "OPTIONS") request.body = "body";
        const auto got = client->send(request);
        REQUIRE(got);
        CHECK(got->body == method + " /m\n" + request.body);
    }
}

TEST_CASE("client: refused, unresolvable and untrusted are unavailable: nothing was sent") {
    std::uint16_t free_port = 0;
    {
        const RawListener gone;
        free_port = gone.port();
    }
    const std::string nobody = "https://127.0.0.1:" + std::to_string(free_port) + "/";
    CHECK(make_client({})->send(get(nobody)).error().code == ErrorCode::unavailable);
    CHECK(make_client({})->send(get("http://host.invalid/")).error().code ==
          ErrorCode::unavailable);
    const Certificates ours;
    const Certificates other;
    TestServer server(ours.options());
    const auto untrusted = other.client()->send(get(server.url("/", "https")));
    CHECK(untrusted.error().code == ErrorCode::unavailable);
    ClientOptions broken;
    broken.ca_file = "/nonexistent/ca.pem";
    CHECK(make_client(broken)->send(get(server.url("/", "https"))).error().code ==
          ErrorCode::unavailable);
    CHECK(server.answered("2xx") == 0);
}

TEST_CASE("client: a certificate for another name is not accepted") {
    const Certificates certificates;
    TestServer server(certificates.options());
    auto request = get("https://127.0.0.2:" + std::to_string(server.port()) + "/");
    CHECK(certificates.client()->send(request).error().code == ErrorCode::unavailable);
}

TEST_CASE("client: a TLS handshake that stalls is unavailable, a missing answer is a timeout") {
    const RawListener deaf;  // the kernel takes the connection, nobody answers
    auto request = get(deaf.url("https"));
    request.timeout = Millis{100};
    CHECK(make_client({})->send(request).error().code == ErrorCode::unavailable);
    request = post(deaf.url("http"), "x");
    request.timeout = Millis{100};
    CHECK(make_client({})->send(request).error().code == ErrorCode::timeout);
}

TEST_CASE("client: a connection that breaks after the request is internal: it may have arrived") {
    CHECK(ask("").error().code == ErrorCode::internal);
    CHECK(ask("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").error().code ==
          ErrorCode::internal);
    CHECK(ask("SMTP ready\r\n").error().code == ErrorCode::internal);
}

TEST_CASE("client: an answer over the bound is limit, announced, streamed or inflated") {
    TestServer server({}, [](Request) -> asio::awaitable<Response> {
        Response response;
        response.body.assign(100'001, 'x');
        co_return response;
    });
    ClientOptions options;
    options.max_response_bytes = 100'000;
    CHECK(make_client(options)->send(get(server.url())).error().code == ErrorCode::limit);
    options.max_response_bytes = 100'001;
    CHECK(make_client(options)->send(get(server.url())));
    options.max_response_bytes = 10;
    CHECK(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n123456789012\r\n0\r\n\r\n",
              options)
              .error()
              .code == ErrorCode::limit);
    CHECK(ask("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n").error().code ==
          ErrorCode::limit);
}

TEST_CASE("client: where the status decides, what becomes of the body afterwards does not matter") {
    const auto status_of = [](const std::string& raw, bool mute = false) {
        const RawListener listener;
        std::thread server([&] { answer_once(listener, raw, mute); });
        auto request = post(listener.url("http"), "x");
        request.status_decides = true;
        if (mute) request.timeout = Millis{150};
        ClientOptions options;
        options.max_response_bytes = 10;
        const auto got = make_client(options)->send(request);
        server.join();
        if (got) CHECK(got->body.size() <= 10);
        return got ? got->status : 0;
    };
    const std::string large = "Content-Length: 12\r\n\r\n123456789012";
    CHECK(status_of("HTTP/1.1 201 Created\r\n" + large) == 201);
    CHECK(status_of("HTTP/1.1 422 No\r\n" + large) == 422);
    CHECK(status_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") == 200);
    CHECK(status_of("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip") == 200);
    CHECK(status_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk") == 200);
    CHECK(status_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n") == 200);
    CHECK(status_of("HTTP/1.1 202 OK\r\nContent-Length: 9\r\n\r\nslow", true) == 202);
    for (const std::string none : {"", "SMTP ready\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
        CAPTURE(none);
        CHECK(status_of(none) == 0);
    }
}

TEST_CASE("client: what a proxy answers is not the receiver's status") {
    const RawListener proxy;
    std::thread server([&] { answer_once(proxy, "HTTP/1.1 200 Connection established\r\n\r\n"); });
    ::setenv("https_proxy", proxy.url("http").c_str(), 1);
    auto request = post("https://receiver.invalid/", "x");
    request.status_decides = true;
    const auto got = make_client({})->send(request);
    ::unsetenv("https_proxy");
    server.join();
    CHECK_FALSE(got);
}

TEST_CASE("client: what is no web URL, method or header is invalid input and never sent") {
    const auto client = make_client({});
    for (const std::string url :
         {"", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://a b/", "http://",
          "http://x/\r\nHost: y", "https://127.0.0.1:99999/"}) {
        CAPTURE(url);
        CHECK(client->send(get(url)).error().code == ErrorCode::invalid_input);
    }
    auto request = get("http://127.0.0.1/");
    request.headers = {{"X", "a\r\nY: b"}};
    CHECK(client->send(request).error().code == ErrorCode::invalid_input);
    request.headers = {{"X: y", "a"}};
    CHECK(client->send(request).error().code == ErrorCode::invalid_input);
    request.headers.clear();
    request.method = "GET /x";
    CHECK(client->send(request).error().code == ErrorCode::invalid_input);
}

TEST_CASE("client: an error names the origin, not the secrets of the URL") {
    const auto result =
        make_client({})->send(get("http://user:hunter2@host.invalid/hook/s3cret?token=abc"));
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("http://host.invalid") != std::string::npos);
    for (const char* secret : {"hunter2", "s3cret", "abc", "user"}) {
        CHECK(result.error().message.find(secret) == std::string::npos);
    }
}

TEST_CASE("client: a final answer after 100 Continue is the one that counts") {
    const auto got =
        ask("HTTP/1.1 100 Continue\r\nX-First: 1\r\n\r\n"
            "HTTP/1.1 201 Created\r\nX-Second: 2\r\nContent-Type: a/b\r\n"
            "Content-Length: 2\r\n\r\nok");
    REQUIRE(got);
    CHECK(got->status == 201);
    CHECK(got->content_type == "a/b");
    CHECK_FALSE(find_header(got->headers, "X-First").has_value());
    CHECK(find_header(got->headers, "x-second") == "2");
}
