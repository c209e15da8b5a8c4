// RawListener: a socket on loopback that answers raw bytes, or nothing at all: what no HTTP server
// would do.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace gantry::test {

class RawListener {
public:
    RawListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* at = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(socket_, at, sizeof address) == 0);
        REQUIRE(::listen(socket_, 8) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(socket_, at, &size) == 0);
        port_ = ntohs(address.sin_port);
    }
    ~RawListener() { ::close(socket_); }
    RawListener(const RawListener&) = delete;
    RawListener& operator=(const RawListener&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& scheme, const std::string& path = "/") const {
        return scheme + "://127.0.0.1:" + std::to_string(port_) + path;
    }
    // Takes one connection and gives `to_peer` its socket; closes it after. Nobody who comes within
    // ten seconds, and no byte within five, end it too.
    template <class Talk>
    void serve_once(Talk to_peer) const {
        timeval patience{10, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const int peer = ::accept(socket_, nullptr, nullptr);
        if (peer < 0) return;
        patience = {5, 0};
        ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        to_peer(peer);
        ::close(peer);
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

inline void send_text(int peer, const std::string& text) {
    ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
}

// The next CRLF line, without its end; "" when the peer is gone.
inline std::string receive_line(int peer) {
    std::string line;
    for (char c = 0; ::recv(peer, &c, 1, 0) == 1;) {
        if (c == '\n') return line.substr(0, line.find('\r'));
        line += c;
    }
    return "";
}

}  // namespace gantry::test
