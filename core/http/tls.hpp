// TLS for the server: one context from the PEM files, and sessions that read and write a
// non-blocking socket directly, without the 70 KB of buffers per connection that
// asio::ssl::stream keeps. OpenSSL is hidden. Private to core/http; one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/base/result.hpp"

namespace gantry::http {

// What a non-blocking operation came to. want_*: wait for the socket, then repeat the same call.
enum class Io { done, want_read, want_write, closed, failed };

class TlsSession {
public:
    virtual ~TlsSession() = default;
    virtual Io handshake() = 0;
    virtual Io read(char* data, std::size_t size, std::size_t& count) = 0;
    virtual Io write(const char* data, std::size_t size, std::size_t& count) = 0;
    virtual void close_notify() = 0;  // tells the peer that nothing follows; never waits
    // The client spoke plain HTTP to the TLS port.
    [[nodiscard]] virtual bool saw_plain_http() const = 0;
    [[nodiscard]] virtual std::string error() const = 0;  // of the last Io::failed
};

class TlsContext {
public:
    virtual ~TlsContext() = default;
    // `socket` is a non-blocking descriptor that outlives the session. Null: out of memory.
    virtual std::unique_ptr<TlsSession> accept(int socket) = 0;
};

// TLS 1.2 and 1.3, ALPN http/1.1, stateless session tickets. Error: invalid_input naming the file.
Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& certificate_file,
                                                     const std::string& key_file);

}  // namespace gantry::http
