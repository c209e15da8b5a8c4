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
// Would sanitise() change nothing?
[[nodiscard]] bool is_clean(std::string_view text);

// As sanitise(), and at most `max_bytes` long: longer text is cut and ends with "…".
// REQUIRES: max_bytes >= 3.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

// The candidate with the smallest edit distance, when close enough to be a likely typing error
// (distance <= 2, or <= a third of the word's length). Nobody mistypes a long text into a key, and
// the cost is the product of the lengths: a longer word has no nearest one.
inline constexpr std::size_t k_max_nearest_bytes = 64;
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

}  // namespace gantry
