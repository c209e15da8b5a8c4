// The bytes in front of a response's body. Pure; private to core/http.
#pragma once

#include <string>

#include "core/http/message.hpp"

namespace gantry::http {

struct HeadOptions {
    bool keep_alive = true;
    bool http_10 = false;  // must be told that the connection stays
};

// Status line and headers with the empty line. Control characters in what a handler gives become
// spaces: a value can end neither its line nor the header.
[[nodiscard]] std::string response_head(const Response& response, HeadOptions options);

// 1xx, 204 and 304 have none (RFC 9110, 6.4.1).
[[nodiscard]] bool may_have_body(int status);

}  // namespace gantry::http
