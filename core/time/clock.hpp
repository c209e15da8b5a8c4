// Clock: the only now() of the tree, injected everywhere, so that a simulation can run a year in a
// second. Instants are UTC with millisecond precision. `steady_now` never jumps; use it for
// durations and deadlines. SystemClock is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace gantry {

using Millis = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Millis>;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override;
};

[[nodiscard]] constexpr std::int64_t to_ms(Instant at) { return at.time_since_epoch().count(); }
[[nodiscard]] constexpr Instant from_ms(std::int64_t ms) { return Instant{Millis{ms}}; }

// RFC 3339 in UTC with milliseconds, "2026-11-25T03:05:41.123Z".
[[nodiscard]] std::string to_rfc3339(Instant at);
// Accepts any RFC 3339 offset and 0 to 9 fractional digits. Error: invalid_input naming the text.
[[nodiscard]] Result<Instant> parse_rfc3339(std::string_view text);

}  // namespace gantry
