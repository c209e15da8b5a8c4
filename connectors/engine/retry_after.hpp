// Retry-After (RFC 9110, 10.2.3): seconds, or a date in one of the three forms that RFC 9110, 5.6.7
// tells recipients to accept. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "core/time/clock.hpp"

namespace gantry::connectors {

// How long to wait from `now`; never negative (a date gone by is 0). nullopt: not understood, which
// callers treat as absent. Absurdly large numbers are cut to ten years.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view value, Instant now);

}  // namespace gantry::connectors
