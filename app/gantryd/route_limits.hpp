// What a route takes before anybody is asked who they are: reading, inflating and parsing a body
// costs the one thread that serves all, so a route takes no more than it can need.
#pragma once

#include <cstddef>

#include "core/http/message.hpp"

namespace gantry::app {

// Bytes of this request's body, as sent and after gzip. Webhooks of other monitors are bounded by
// the server's settings only.
[[nodiscard]] std::size_t body_limit(const http::Request& head);

}  // namespace gantry::app
