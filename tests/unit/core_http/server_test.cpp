#include "core/http/server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "server_harness.hpp"

using namespace gantry;
using namespace gantry::http;
using namespace gantry::http::test;

namespace {

asio::awaitable<Response> slow(Request request, Millis delay) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    timer.expires_after(delay);
    co_await timer.async_wait(asio::use_awaitable);
    Response response;
    response.body = request.path;
    co_return response;
}

asio::awaitable<Response> thrower(Request) {
    throw std::runtime_error("a defect");
    co_return Response{};
}

std::string status_of(const std::string& response) { return response.substr(0, 12); }

}  // namespace

TEST_CASE("server: a GET and a POST over plain HTTP reach the handler and are answered") {
    TestServer server;
    const auto client = make_client({});
    const auto got = client->send(get(server.url("/a%20b?x=1")));
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(got->content_type == "text/plain");
    CHECK(got->body == "GET /a b\n");
    const auto posted = client->send(post(server.url("/p"), "hello"));
    REQUIRE(posted);
    CHECK(posted->body == "POST /p\nhello");
    CHECK(server.answered("2xx") == 2);
}

TEST_CASE("server: the peer, the headers and the query arrive") {
    TestServer server({}, [](Request request) -> asio::awaitable<Response> {
        Response response;
        response.body = request.peer.substr(0, 10) + "|" +
                        std::string(find_header(request.headers, "x-a").value_or("none")) + "|" +
                        std::string(request.query_value("q").value_or("none"));
        response.headers.emplace_back("ETag", "\"5\"");
        co_return response;
    });
    auto request = get(server.url("/?q=z"));
    request.headers = {{"X-A", "b"}};
    const auto got = make_client({})->send(request);
    REQUIRE(got);
    CHECK(got->body == "127.0.0.1:|b|z");
    CHECK(find_header(got->headers, "etag") == "\"5\"");
}

TEST_CASE("server: over TLS a megabyte goes in and comes back, on one kept connection") {
    const Certificates certificates;
    TestServer server(certificates.options());
    const auto client = certificates.client();
    std::string body;
    while (body.size() < 1'000'000) body += std::to_string(body.size()) + ",";
    for (int i = 0; i < 3; ++i) {
        const auto got = client->send(post(server.url("/big", "https"), body));
        REQUIRE(got);
        CHECK(got->status == 200);
        CHECK(got->body == "POST /big\n" + body);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("server: gzip bodies are inflated before the handler sees them") {
    const Certificates certificates;
    TestServer server(certificates.options());
    auto request = post(server.url("/z", "https"), std::string(300'000, 'z'));
    request.gzip_body = true;
    const auto got = certificates.client()->send(request);
    REQUIRE(got);
    CHECK(got->body == "POST /z\n" + std::string(300'000, 'z'));
}

TEST_CASE("server: twenty requests use one connection, and Connection: close ends it") {
    TestServer server;
    RawClient client(server.port());
    for (int i = 0; i < 20; ++i) {
        client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(client.response().find("\r\n\r\nGET /" + std::to_string(i) + "\n") !=
              std::string::npos);
    }
    CHECK(server.connections() == 1);
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(client.response().find("Connection: close\r\n") != std::string::npos);
    CHECK(client.is_closed());
    CHECK(eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("server: pipelined requests are answered in order") {
    TestServer server;
    RawClient client(server.port());
    std::string bytes;
    for (int i = 0; i < 50; ++i) {
        bytes +=
            "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok";
    }
    client.send(bytes);
    for (int i = 0; i < 50; ++i) {
        CHECK(client.response().find("POST /" + std::to_string(i) + "\nok") != std::string::npos);
    }
}

TEST_CASE("server: HEAD answers with the length and without the body") {
    TestServer server;
    RawClient client(server.port());
    client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string all = client.until_closed();
    CHECK(all.find("Content-Length: 9\r\n") != std::string::npos);
    CHECK(all.ends_with("\r\n\r\n"));
    auto request = get(server.url("/abc"));
    request.method = "HEAD";
    const auto got = make_client({})->send(request);
    REQUIRE(got);
    CHECK(got->body.empty());
}

TEST_CASE("server: HTTP/1.0 is answered and closed, or kept when asked") {
    TestServer server;
    RawClient client(server.port());
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(client.response().find("Connection: keep-alive\r\n") != std::string::npos);
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(status_of(client.response()) == "HTTP/1.1 200");
    CHECK(client.is_closed());
}

TEST_CASE("server: Expect: 100-continue is answered before the body is sent") {
    TestServer server;
    RawClient client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(client.response() == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    CHECK(client.response().ends_with("POST /\nok"));
}

TEST_CASE("server: a chunked body in drops arrives whole") {
    TestServer server;
    RawClient client(server.port());
    for (const std::string part :
         {"POST / HT", "TP/1.1\r\nHost: h\r\nTransfer-En", "coding: chunked\r\n\r\n3", "\r\nhe",
          "l\r", "\n2\r\nlo\r\n0\r\n", "\r\n"}) {
        client.send(part);
        pause(Millis{2});
    }
    CHECK(client.response().ends_with("POST /\nhello"));
}

TEST_CASE("server: a handler that throws is a 500 problem, and the connection lives on") {
    TestServer server({}, thrower);
    RawClient client(server.port());
    for (int i = 0; i < 2; ++i) {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        const std::string response = client.response();
        CHECK(status_of(response) == "HTTP/1.1 500");
        CHECK(response.find("application/problem+json") != std::string::npos);
        CHECK(response.find("a defect") == std::string::npos);
    }
    CHECK(server.refused("handler_error") == 2);
    CHECK(server.answered("5xx") == 2);
}

TEST_CASE("server: malformed requests get a problem document, then the connection closes") {
    TestServer server;
    for (const std::string bytes : {"rubbish\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                                    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                    "\r\nno chunk\r\n"}) {
        CAPTURE(bytes);
        RawClient client(server.port());
        client.send(bytes);
        const std::string all = client.until_closed();
        CHECK(status_of(all) == "HTTP/1.1 400");
        CHECK(all.find("\"code\":\"malformed_request\"") != std::string::npos);
        CHECK(all.find("Connection: close\r\n") != std::string::npos);
    }
    CHECK(server.refused("malformed") == 3);
    CHECK(server.answered("4xx") == 3);
}

TEST_CASE("server: an unknown Content-Encoding is 415 and says what is understood") {
    TestServer server;
    RawClient client(server.port());
    client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx");
    const std::string all = client.until_closed();
    CHECK(status_of(all) == "HTTP/1.1 415");
    CHECK(all.find("Accept-Encoding: gzip\r\n") != std::string::npos);
    CHECK(server.refused("encoding") == 1);
}

TEST_CASE("server: plain HTTP on the TLS port is told so, rubbish is dropped") {
    const Certificates certificates;
    TestServer server(certificates.options());
    RawClient plain(server.port());
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(plain.until_closed().find("https_required") != std::string::npos);
    RawClient noise(server.port());
    noise.send(std::string(64, '\x01'));
    CHECK(noise.is_closed());
    CHECK(server.refused("handshake") == 2);
    CHECK(certificates.client()->send(get(server.url("/", "https"))));
}

TEST_CASE("server: certificates are reloaded for new connections, bad ones are refused") {
    const Certificates first;
    const Certificates second;
    TestServer server(first.options());
    REQUIRE(first.client()->send(get(server.url("/", "https"))));
    for (const char* name : {"server.pem", "server-key.pem"}) {
        std::filesystem::copy_file(second.file(name), first.file(name),
                                   std::filesystem::copy_options::overwrite_existing);
    }
    server.on_thread([&] { CHECK(server.server().reload_certificate()); });
    CHECK(second.client()->send(get(server.url("/", "https"))));
    CHECK_FALSE(first.client()->send(get(server.url("/", "https"))));
    std::filesystem::remove(first.file("server.pem"));
    server.on_thread([&] {
        const auto result = server.server().reload_certificate();
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::invalid_input);
        CHECK(result.error().message.find("server.pem") != std::string::npos);
    });
    CHECK(second.client()->send(get(server.url("/", "https"))));
}

TEST_CASE("start_server: a taken port, a bad address and a bad certificate are values") {
    TestServer server;
    telemetry::Registry registry;
    asio::io_context io;
    ServerOptions taken;
    taken.port = server.port();
    CHECK(start_server(io.get_executor(), taken, echo, registry).error().code ==
          ErrorCode::unavailable);
    ServerOptions nowhere;
    nowhere.address = "not-an-address";
    CHECK(start_server(io.get_executor(), nowhere, echo, registry).error().code ==
          ErrorCode::invalid_input);
    ServerOptions bare;
    bare.port = 0;
    bare.certificate_file = "/nonexistent.pem";
    CHECK(start_server(io.get_executor(), bare, echo, registry).error().code ==
          ErrorCode::invalid_input);
}

TEST_CASE("stop: a request under way is finished and told that the connection closes") {
    TestServer server({}, [](Request request) { return slow(std::move(request), Millis{100}); });
    RawClient busy(server.port());
    busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
    RawClient idle(server.port());
    idle.send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(idle.response().ends_with("/idle"));
    busy.response();
    busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
    pause(Millis{20});
    const std::uint16_t port = server.port();
    server.stop(Millis{2'000});
    const std::string answer = busy.until_closed();
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.ends_with("/busy"));
    CHECK(idle.is_closed());
    CHECK(server.connections() == 0);
    CHECK(make_client({})->send(get("http://127.0.0.1:" + std::to_string(port))).error().code ==
          ErrorCode::unavailable);
}

TEST_CASE("stop: what is not finished within the drain is cut") {
    TestServer server({}, [](Request request) { return slow(std::move(request), Millis{400}); });
    RawClient busy(server.port());
    busy.send("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
    RawClient half(server.port());
    half.send("GET /half HTTP/1.1\r\nHost");
    CHECK(eventually([&] { return server.connections() == 2; }));
    server.stop(Millis{30});
    CHECK(busy.until_closed().empty());
    CHECK(half.until_closed().empty());
    CHECK(server.connections() == 0);
}

TEST_CASE("metrics: one request is seen in the text that Prometheus scrapes") {
    TestServer server;
    REQUIRE(make_client({})->send(get(server.url())));
    // Its duration is known when the answer is out, so after the client has it.
    REQUIRE(eventually([&] {
        return server.registry().prometheus_text().find("request_seconds_count 1\n") !=
               std::string::npos;
    }));
    const std::string text = server.registry().prometheus_text();
    CHECK(text.find("gantry_http_requests_total{code=\"2xx\"} 1\n") != std::string::npos);
    CHECK(text.find("gantry_http_refused_total{reason=\"evicted\"} 0\n") != std::string::npos);
    CHECK(text.find("gantry_http_request_seconds_count 1\n") != std::string::npos);
}
