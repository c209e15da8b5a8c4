// The HTTP client: libcurl's easy interface with connection reuse, hidden. Blocking; one Client per
// thread. Redirects are never followed; only https (and http when the URL says so) is spoken.
// A kept connection that the server closed without one byte of answer is replaced and the request
// sent again by libcurl, POST too: receivers must be idempotent, as ours are.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "core/http/message.hpp"
#include "core/time/clock.hpp"

namespace gantry::http {

struct ClientOptions {
    std::string ca_file;  // PEM; empty = the system's store
    std::size_t max_response_bytes = 4 << 20;
    Millis connect_timeout{5'000};
    std::string user_agent = "gantry";
};

struct ClientRequest {
    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    bool gzip_body = false;  // compress the body and say so
    // The status alone tells the caller what it needs. An answer whose body is then too large,
    // cannot be read, breaks off or never ends is a value too, with as much of it as came.
    bool status_decides = false;
    Millis timeout{15'000};  // the whole exchange
};

class Client {
public:
    virtual ~Client() = default;
    // Any complete HTTP answer is a value, 5xx included; with `status_decides` any that has a final
    // status. Errors: unavailable (not sent: refused, no route, DNS, TLS), timeout and internal
    // (may have been sent: ambiguous), limit (answer too large), invalid_input (URL).
    virtual Result<Response> send(const ClientRequest& request) = 0;
};

std::unique_ptr<Client> make_client(ClientOptions options);

}  // namespace gantry::http
