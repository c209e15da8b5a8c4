// A server on its own thread, and a client that speaks raw bytes: what a well-behaved HTTP library
// would never send. Real sockets on loopback, so real time; every wait ends after five seconds.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "core/crypto/certificates.hpp"
#include "core/http/client.hpp"
#include "core/http/server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace gantry::http::test {

namespace asio = boost::asio;

// Real time goes by: between two segments, or until a deadline of the server's has passed.
inline void pause(Millis time) {
    std::this_thread::sleep_for(time);  // tidy: sleeps -- real sockets, real deadlines
}

inline bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 2500; ++i) {
        if (condition()) return true;
        pause(Millis{2});
    }
    return false;
}

// Answers with what it saw, so that a test can see it too.
inline asio::awaitable<Response> echo(Request request) {
    Response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.path + "\n" + request.body;
    co_return response;
}

class TestServer {
public:
    explicit TestServer(ServerOptions options = {}, Handler handler = echo) {
        options.port = 0;
        auto started = start_server(io_.get_executor(), options, std::move(handler), registry_);
        REQUIRE(started);
        server_ = std::move(*started);
        work_ = std::make_unique<Work>(io_.get_executor());
        thread_ = std::thread([this] { io_.run(); });
    }
    ~TestServer() {
        if (server_) stop(Millis{50});
        work_.reset();
        io_.stop();
        thread_.join();
    }
    void stop(Millis drain) {
        asio::co_spawn(io_, server_->stop(drain), asio::use_future).get();
        on_thread([this] { server_.reset(); });
    }
    void on_thread(std::function<void()> call) {
        std::promise<void> done;
        asio::post(io_, [&] {
            call();
            done.set_value();
        });
        done.get_future().get();
    }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] Server& server() { return *server_; }
    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] std::string url(const std::string& path = "/",
                                  const char* scheme = "http") const {
        return std::string(scheme) + "://127.0.0.1:" + std::to_string(port()) + path;
    }
    [[nodiscard]] std::int64_t refused(const std::string& reason) {
        return registry_.counter("gantry_http_refused_total", "", {{"reason", reason}}).value();
    }
    [[nodiscard]] std::int64_t answered(const std::string& code) {
        return registry_.counter("gantry_http_requests_total", "", {{"code", code}}).value();
    }
    [[nodiscard]] std::int64_t connections() {
        return registry_.gauge("gantry_http_connections", "").value();
    }
    [[nodiscard]] telemetry::Registry& registry() { return registry_; }

private:
    using Work = asio::executor_work_guard<asio::io_context::executor_type>;
    telemetry::Registry registry_;
    asio::io_context io_{1};
    std::unique_ptr<Server> server_;
    std::unique_ptr<Work> work_;
    std::thread thread_;
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        REQUIRE(socket_ >= 0);
        timeval patience{5, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connect(port);
    }
    ~RawClient() { ::close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void send(const std::string& bytes) const {
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    void send_nothing_more() const { ::shutdown(socket_, SHUT_WR); }

    // One response: head, and as much body as Content-Length says. Empty when closed before.
    std::string response() {
        while (buffer_.find("\r\n\r\n") == std::string::npos) {
            if (!more()) return std::exchange(buffer_, {});
        }
        const std::size_t head = buffer_.find("\r\n\r\n") + 4;
        const std::size_t field = buffer_.find("Content-Length: ");
        const std::size_t body =
            field < head ? std::stoul(buffer_.substr(field + 16)) : std::size_t{0};
        while (buffer_.size() < head + body) {
            if (!more()) break;
        }
        std::string out = buffer_.substr(0, head + body);
        buffer_.erase(0, out.size());
        return out;
    }
    // Everything until the server closes. "still open" when it does not within five seconds.
    std::string until_closed() {
        while (more()) {
        }
        return open_ ? "still open" : std::exchange(buffer_, {});
    }
    bool is_closed() {
        until_closed();
        return !open_;
    }

private:
    void connect(std::uint16_t port) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const auto* to = reinterpret_cast<const sockaddr*>(&address);
        REQUIRE(::connect(socket_, to, sizeof address) == 0);
    }
    bool more() {
        char chunk[16384];
        const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
        if (got > 0) buffer_.append(chunk, static_cast<std::size_t>(got));
        if (got == 0 || (got < 0 && errno != EAGAIN)) open_ = false;
        return got > 0;
    }

    int socket_;
    std::string buffer_;
    bool open_ = true;
};

// A CA and a server certificate for 127.0.0.1, made once.
struct Certificates {
    Certificates() {
        REQUIRE(crypto::ensure_certificates(folder.path(), {"localhost", "127.0.0.1"},
                                            SystemClock().now()));
    }
    [[nodiscard]] std::string file(const std::string& name) const { return folder.file(name); }
    [[nodiscard]] ServerOptions options() const {
        ServerOptions out;
        out.certificate_file = file("server.pem");
        out.key_file = file("server-key.pem");
        return out;
    }
    [[nodiscard]] std::unique_ptr<Client> client() const {
        ClientOptions out;
        out.ca_file = file("ca.pem");
        return make_client(out);
    }
    gantry::test::TemporaryDirectory folder;
};

inline ClientRequest get(const std::string& url) {
    ClientRequest request;
    request.url = url;
    request.timeout = Millis{5'000};
    return request;
}

inline ClientRequest post(const std::string& url, std::string body) {
    ClientRequest request = get(url);
    request.method = "POST";
    request.body = std::move(body);
    return request;
}

}  // namespace gantry::http::test
