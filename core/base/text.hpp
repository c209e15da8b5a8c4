// Small text functions for untrusted input. All are pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gantry {

// Valid UTF-8 as RFC 3629 (no surrogates, no overlong forms, up to U+10FFFF)?
[[nodiscard]] bool is_utf8(std::string_view text);

// `text` cut to at most `max_bytes` without splitting a UTF-8 sequence.
// REQUIRES: is_utf8(text).
[[nodiscard]] std::string truncate_utf8(std::string_view text, std::size_t max_bytes);

// Control characters other than tab and newline (NUL among them) become U+FFFD, invalid bytes too;
// PostgreSQL's text type refuses NUL, terminals obey the rest.
[[nodiscard]] std::string sanitise(std::string_view text);

[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

// The candidate with the smallest edit distance, when close enough to be a likely typing error
// (distance <= 2, or <= a third of the word's length).
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

}  // namespace gantry
