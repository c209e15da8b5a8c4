// The written forms of durations and sizes in configuration files. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time/clock.hpp"

namespace gantry::settings {

// "500ms", "15s", "5m", "2h", "7d", or several from large to small: "1h30m". "0" needs no unit.
// Nothing on anything else (no sign, no fraction, no bare number) and above ten years.
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);
// The shortest exact form: "90s" is written "1m30s".
[[nodiscard]] std::string format_duration(Millis duration);

// "4096" (bytes), "512KiB", "64MiB", "20GiB", "1TiB". Decimal units (MB) are refused: they are
// mistaken too often.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace gantry::settings
