// The HTTPS server: Beast coroutines, keep-alive, gzip request bodies, every wait with a deadline
// and every size with a bound; what is refused or cut is counted by reason in
// gantry_http_refused_total{reason}. One handler for all paths; routing is the caller's.
//
// Threading: runs on the given executor (one thread); the handler is a coroutine there and must
// not block; it resumes there at its end. The metrics outlive the executor's context.
//
// A full table evicts before it refuses a new connection: the oldest that has not sent a whole
// header (slow-loris), then one whose body or answer is stuck, then the oldest idle one, then one
// whose body or answer pauses. Full memory for bodies evicts a body that pauses. HEAD is given to
// the handler as GET; its answer's body is not sent. A handler that throws is answered with 500,
// one that overruns with 503 while it goes on; its connection counts until it ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "core/http/message.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "core/time/clock.hpp"

namespace gantry::http {

using Handler = std::function<boost::asio::awaitable<Response>(Request)>;
using BodyLimit = std::function<std::size_t(const Request& head)>;

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8443;     // 0 = any free one, see Server::port()
    std::string certificate_file;  // PEM chain; empty with key_file = plain HTTP
    std::string key_file;
    std::size_t max_connections = 16'384;        // further ones are closed at once
    std::size_t max_header_bytes = 16 * 1024;    // 431
    std::size_t max_body_bytes = 1 << 20;        // as sent; 413
    std::size_t max_inflated_bytes = 4 << 20;    // after gzip; 413
    std::size_t max_inflight_bytes = 256 << 20;  // request bodies of all connections; 503
    // What the body of this request may have at most, as sent and after gzip, besides the bounds
    // above; called with its header, before any of the body is kept. Empty: no further bound.
    BodyLimit body_limit;
    Millis handshake_timeout{10'000};
    Millis header_timeout{10'000};  // from the request's first byte (the very first
                                    // request: from the connection's start); 408
    Millis body_timeout{30'000};    // 408
    // Of a body that is on its way, judged every rate_window; slower: 408. 0: any byte will do.
    std::size_t min_bytes_per_second = 1024;
    Millis rate_window{10'000};
    Millis idle_timeout{75'000};     // between requests
    Millis handler_timeout{30'000};  // 503
    Millis write_timeout{30'000};
    telemetry::Log log = telemetry::Log::silent();
};

class Server {
public:
    virtual ~Server() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    // Takes no new connection, lets requests under way finish for `drain`, closes, and waits a
    // second at most for what is left. REQUIRES: awaited on the server's executor.
    virtual boost::asio::awaitable<void> stop(Millis drain) = 0;
    // Reads the certificate and key files again, for new connections. The old ones stay in use
    // when it fails (invalid_input naming the file).
    virtual Result<void> reload_certificate() = 0;
};

// Raises the soft limit of open files to the hard one and returns it. Call it once in main: a
// server takes no more connections than the limit has room for.
std::size_t raise_file_limit();

// Binds and listens before it returns. unavailable: address in use; invalid_input: bad certificate
// or address.
Result<std::unique_ptr<Server>> start_server(boost::asio::any_io_executor executor,
                                             ServerOptions options, Handler handler,
                                             telemetry::Registry& metrics);

}  // namespace gantry::http
