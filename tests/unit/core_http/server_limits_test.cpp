#include <sys/resource.h>
#include <zlib.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <deque>

#include "core/http/gzip.hpp"
#include "server_harness.hpp"

using namespace gantry;
using namespace gantry::http;
using namespace gantry::http::test;

namespace {

constexpr Millis k_short{60};

std::string status_of(const std::string& response) { return response.substr(0, 12); }

std::string post_of(std::size_t size, const std::string& more = "") {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + more + "Content-Length: " + std::to_string(size) +
           "\r\n\r\n";
}

// Packs `megabytes` of zeros without ever holding them.
std::string bomb(int megabytes) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string zeros(1 << 20, '\0');
    std::string out(4 << 20, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    for (int i = 0; i < megabytes; ++i) {
        stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
        stream.avail_in = static_cast<uInt>(zeros.size());
        REQUIRE(deflate(&stream, i + 1 == megabytes ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR);
    }
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

asio::awaitable<Response> sleeper(Request, Millis delay) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    timer.expires_after(delay);
    co_await timer.async_wait(asio::use_awaitable);
    co_return Response{};
}

long peak_kb() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("limits: a header over the bound is 431 with its counter") {
    ServerOptions options;
    options.max_header_bytes = 10'000;
    TestServer server(options);
    RawClient fits(server.port());
    fits.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(9'900, 'a') + "\r\n\r\n");
    CHECK(status_of(fits.response()) == "HTTP/1.1 200");
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(10'100, 'a') + "\r\n\r\n");
    CHECK(status_of(client.until_closed()) == "HTTP/1.1 431");
    CHECK(server.refused("header_limit") == 1);
}

TEST_CASE("limits: a body over the bound is 413, announced or chunked, and the answer arrives") {
    ServerOptions options;
    options.max_body_bytes = 100'000;
    TestServer server(options);
    RawClient announced(server.port());
    announced.send(post_of(2'000'000));
    announced.send(std::string(2'000'000, 'x'));  // unread by the server: must not reset the answer
    CHECK(status_of(announced.until_closed()) == "HTTP/1.1 413");
    RawClient chunked(server.port());
    std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) bytes += "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    chunked.send(bytes);
    CHECK(status_of(chunked.until_closed()) == "HTTP/1.1 413");
    CHECK(server.refused("body_limit") == 2);
}

TEST_CASE("limits: a gzip bomb of a gigabyte is 413 and costs little memory") {
    const std::string packed = bomb(1024);
    REQUIRE(packed.size() < 1 << 20);
    TestServer server;
    const long before = peak_kb();
    RawClient client(server.port());
    client.send(post_of(packed.size(), "Content-Encoding: gzip\r\n") + packed);
    CHECK(status_of(client.until_closed()) == "HTTP/1.1 413");
    CHECK(server.refused("inflated_limit") == 1);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    WARN("skipped: a sanitizer's own memory counts, " << peak_kb() - before << " KiB in all");
#else
    CHECK(peak_kb() - before < 32 * 1024);
#endif
}

TEST_CASE("limits: a route's own bound holds for what gzip hides, whatever the server takes") {
    ServerOptions options;
    options.body_limit = [](const Request& head) -> std::size_t {
        return head.path == "/small" ? 4096 : 1 << 20;
    };
    TestServer server(options);
    const std::string packed = gzip(std::string(4097, 'a'));
    const std::string rest = " HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: " +
                             std::to_string(packed.size()) + "\r\n\r\n" + packed;
    RawClient refused(server.port());
    refused.send("POST /small" + rest);
    CHECK(status_of(refused.until_closed()) == "HTTP/1.1 413");
    CHECK(server.refused("inflated_limit") == 1);
    RawClient taken(server.port());
    taken.send("POST /large" + rest);
    CHECK(status_of(taken.response()) == "HTTP/1.1 200");
}

TEST_CASE("limits: a gzip body that is cut or none is 400") {
    TestServer server;
    const std::string packed = gzip(std::string(1000, 'a'));
    for (const std::string& body : {packed.substr(0, packed.size() - 5), std::string("plain")}) {
        RawClient client(server.port());
        client.send(post_of(body.size(), "Content-Encoding: gzip\r\n") + body);
        const std::string all = client.until_closed();
        CHECK(status_of(all) == "HTTP/1.1 400");
        CHECK(all.find("malformed_body") != std::string::npos);
    }
    CHECK(server.refused("malformed") == 2);
}

TEST_CASE("limits: bodies of all connections together are bounded, and given back") {
    ServerOptions options;
    options.max_inflight_bytes = 100'000;
    TestServer server(options);
    {
        RawClient holder(server.port());
        holder.send(post_of(90'001) + std::string(90'000, 'x'));
        CHECK(eventually([&] {
            RawClient probe(server.port());
            probe.send(post_of(20'000) + std::string(20'000, 'x'));
            const std::string all = probe.response();
            return status_of(all) == "HTTP/1.1 503" &&
                   all.find("Retry-After: ") != std::string::npos;
        }));
        CHECK(server.refused("inflight") >= 1);
    }
    CHECK(eventually([&] {
        RawClient probe(server.port());
        probe.send(post_of(20'000) + std::string(20'000, 'x'));
        return status_of(probe.response()) == "HTTP/1.1 200";
    }));
}

TEST_CASE("deadlines: half a header is 408, silence is closed") {
    ServerOptions options;
    options.header_timeout = k_short;
    TestServer server(options);
    RawClient half(server.port());
    RawClient silent(server.port());
    half.send("GET / HTTP/1.1\r\nHost");
    CHECK(status_of(half.until_closed()) == "HTTP/1.1 408");
    CHECK(silent.until_closed().empty());
    CHECK(server.refused("header_timeout") == 2);
}

TEST_CASE("deadlines: drops of a header do not extend its time") {
    ServerOptions options;
    options.header_timeout = Millis{150};
    TestServer server(options);
    RawClient drip(server.port());
    drip.send("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 30; ++i) {
        drip.send("X" + std::to_string(i) + ": y\r\n");
        pause(Millis{10});
    }
    CHECK(server.refused("header_timeout") == 1);
}

TEST_CASE("deadlines: half a body is 408") {
    ServerOptions options;
    options.body_timeout = k_short;
    TestServer server(options);
    RawClient half(server.port());
    half.send(post_of(10) + "12345");
    CHECK(status_of(half.until_closed()) == "HTTP/1.1 408");
    CHECK(server.refused("body_timeout") == 1);
}

TEST_CASE("deadlines: a body that trickles below the minimum rate is 408, a slow one passes") {
    ServerOptions options;
    options.rate_window = Millis{100};
    options.min_bytes_per_second = 200;  // 20 bytes in each window
    TestServer server(options);
    RawClient drops(server.port());
    RawClient slow(server.port());
    drops.send(post_of(500));
    slow.send(post_of(500));
    for (int i = 0; i < 10; ++i) {
        drops.send("x");
        slow.send(std::string(50, 'x'));
        pause(Millis{20});
    }
    CHECK(status_of(slow.response()) == "HTTP/1.1 200");
    CHECK(status_of(drops.until_closed()) == "HTTP/1.1 408");
    CHECK(server.refused("body_timeout") == 1);
}

TEST_CASE("deadlines: an idle kept connection is closed without a word") {
    ServerOptions options;
    options.idle_timeout = k_short;
    TestServer server(options);
    RawClient idle(server.port());
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(status_of(idle.response()) == "HTTP/1.1 200");
    CHECK(idle.until_closed().empty());
    CHECK(server.refused("header_timeout") == 0);
}

TEST_CASE("deadlines: a TLS handshake that stalls is closed") {
    const Certificates certificates;
    ServerOptions options = certificates.options();
    options.handshake_timeout = k_short;
    TestServer server(options);
    RawClient silent(server.port());
    CHECK(silent.is_closed());
    CHECK(server.refused("handshake_timeout") == 1);
}

TEST_CASE("deadlines: a handler that overruns is answered with 503 while it goes on") {
    ServerOptions options;
    options.handler_timeout = k_short;
    TestServer server(options,
                      [](Request request) { return sleeper(std::move(request), Millis{300}); });
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string all = client.until_closed();
    CHECK(status_of(all) == "HTTP/1.1 503");
    CHECK(all.find("Retry-After: ") != std::string::npos);
    CHECK(server.refused("handler_timeout") == 1);
    CHECK(server.connections() == 1);  // its place is taken until the handler ends
    CHECK(eventually([&] { return server.connections() == 0; }));
    CHECK(server.answered("5xx") == 1);
    CHECK(server.answered("2xx") == 0);
}

TEST_CASE("deadlines: a client that does not read its answer is closed") {
    ServerOptions options;
    options.write_timeout = Millis{100};
    TestServer server(options, [](Request) -> asio::awaitable<Response> {
        Response response;
        response.body.assign(32 << 20, 'x');
        co_return response;
    });
    RawClient deaf(server.port());
    deaf.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(eventually([&] { return server.refused("write_timeout") == 1; }));
    CHECK(eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("limits: a client that leaves in the middle of a request is counted") {
    TestServer server;
    {
        RawClient client(server.port());
        client.send(post_of(10) + "12");
        pause(Millis{10});
    }
    CHECK(eventually([&] { return server.refused("aborted") == 1; }));
    CHECK(eventually([&] { return server.connections() == 0; }));
}

TEST_CASE("eviction: slow connections give way to a normal client, oldest first") {
    ServerOptions options;
    options.max_connections = 20;
    TestServer server(options);
    std::deque<RawClient> slow;
    for (int i = 0; i < 20; ++i) {
        slow.emplace_back(server.port()).send("GET / HT");
        CHECK(eventually([&] { return server.connections() == i + 1; }));
    }
    for (int i = 0; i < 5; ++i) {
        RawClient normal(server.port());
        normal.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(status_of(normal.response()) == "HTTP/1.1 200");
    }
    CHECK(server.refused("evicted") >= 1);
    CHECK(server.refused("connections") == 0);
    CHECK(slow.front().is_closed());
    slow.back().send("TP/1.1\r\nHost: h\r\n\r\n");
    CHECK(status_of(slow.back().response()) == "HTTP/1.1 200");
}

TEST_CASE("eviction: a table full of bodies that do not come keeps no normal client out") {
    ServerOptions options;
    options.max_connections = 20;
    TestServer server(options);
    std::deque<RawClient> slow;
    for (int i = 0; i < 20; ++i) {
        slow.emplace_back(server.port()).send(post_of(1000) + "x");
        CHECK(eventually([&] { return server.connections() == i + 1; }));
    }
    pause(Millis{1'050});
    for (int i = 0; i < 5; ++i) {
        RawClient normal(server.port());
        normal.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(status_of(normal.response()) == "HTTP/1.1 200");
    }
    CHECK(server.refused("evicted") >= 1);
    CHECK(server.refused("connections") == 0);
    CHECK(slow.front().is_closed());
}

TEST_CASE("eviction: answers that nobody reads keep no normal client out") {
    ServerOptions options;
    options.max_connections = 3;
    TestServer server(options, [](Request request) -> asio::awaitable<Response> {
        Response response;
        if (request.path == "/big") response.body.assign(32 << 20, 'x');
        co_return response;
    });
    std::deque<RawClient> deaf;
    for (int i = 0; i < 3; ++i) {
        deaf.emplace_back(server.port()).send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    CHECK(eventually([&] { return server.connections() == 3; }));
    pause(Millis{1'100});
    RawClient normal(server.port());
    normal.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(status_of(normal.response()) == "HTTP/1.1 200");
    CHECK(server.refused("evicted") == 1);
}

TEST_CASE("eviction: bodies that pause give their memory to one that comes") {
    ServerOptions options;
    options.max_inflight_bytes = 100'000;
    TestServer server(options);
    std::deque<RawClient> holders;
    for (int i = 0; i < 3; ++i) {
        holders.emplace_back(server.port()).send(post_of(30'001) + std::string(30'000, 'x'));
    }
    CHECK(eventually([&] { return server.connections() == 3; }));
    pause(Millis{1'100});
    RawClient client(server.port());
    client.send(post_of(50'000) + std::string(50'000, 'x'));
    CHECK(status_of(client.response()) == "HTTP/1.1 200");
    CHECK(server.refused("evicted") == 2);
    CHECK(server.refused("inflight") == 0);
    CHECK(eventually([&] { return server.connections() == 2; }));
}

TEST_CASE("eviction: with everybody at work a further connection is closed at once") {
    ServerOptions options;
    options.max_connections = 3;
    TestServer server(options,
                      [](Request request) { return sleeper(std::move(request), Millis{300}); });
    std::deque<RawClient> busy;
    for (int i = 0; i < 3; ++i) busy.emplace_back(server.port()).send(post_of(0));
    CHECK(eventually([&] { return server.connections() == 3; }));
    pause(Millis{30});
    RawClient further(server.port());
    CHECK(further.until_closed().empty());
    CHECK(server.refused("connections") == 1);
    for (auto& client : busy) CHECK(status_of(client.response()) == "HTTP/1.1 200");
}

TEST_CASE("eviction: hundreds of slow TLS connections do not keep a normal client out") {
    const Certificates certificates;
    ServerOptions options = certificates.options();
    options.max_connections = 100;
    TestServer server(options);
    std::deque<RawClient> slow;
    for (int i = 0; i < 400; ++i) slow.emplace_back(server.port()).send("\x16\x03\x01");
    for (int i = 0; i < 5; ++i) CHECK(certificates.client()->send(get(server.url("/", "https"))));
    CHECK(server.connections() <= 110);
    CHECK(server.refused("evicted") >= 300);
}

TEST_CASE("accept: without a free descriptor the server waits, does not spin, and recovers") {
#if defined(__SANITIZE_ADDRESS__)
    WARN("skipped: the sanitizer of undefined behaviour opens a pipe to look at a vtable");
    return;
#endif
    TestServer server;
    std::deque<int> sockets;
    for (int i = 0; i < 4; ++i) sockets.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    for (const int socket : sockets) {
        const auto* to = reinterpret_cast<const sockaddr*>(&address);
        REQUIRE(::connect(socket, to, sizeof address) == 0);
    }
    const std::clock_t cpu = std::clock();
    pause(Millis{300});
    const auto tries = server.refused("accept_error");
    const auto burned = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(tries >= 2);
    CHECK(tries <= 20);
    CHECK(burned < 0.1);
    CHECK(eventually([&] { return server.connections() == 4; }));
    for (const int socket : sockets) ::close(socket);
}

TEST_CASE("raise_file_limit: gives the hard limit, and a server fits into it") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(raise_file_limit() >= before.rlim_cur);
    rlimit after{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
    CHECK(after.rlim_cur == before.rlim_max);
}
