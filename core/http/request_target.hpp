// The request-target of RFC 9112, section 3.2, as path and query. Pure; private to core/http.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/http/message.hpp"

namespace gantry::http {

// Fills `request.path` and `request.query`. Origin form, absolute form and "*" are understood.
// Error: invalid_input (other forms, a broken escape, NUL, or no UTF-8 once decoded).
Result<void> parse_target(std::string_view target, Request& request);

}  // namespace gantry::http
