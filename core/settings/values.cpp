#include "core/settings/values.hpp"

#include <array>
#include <charconv>

namespace gantry::settings {
namespace {

struct Unit {
    std::string_view suffix;
    std::uint64_t factor;
};

constexpr std::array<Unit, 5> k_durations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 5> k_sizes{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
constexpr std::uint64_t k_max_duration_ms = 3'650ULL * 86'400'000;

// Digits at the front of `text`, which loses them.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::string_view take_letters(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
    const std::string_view letters = text.substr(0, length);
    text.remove_prefix(length);
    return letters;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
    if (text == "0") return Millis{0};
    if (text.empty()) return std::nullopt;
    std::uint64_t total = 0;
    std::size_t next_unit = 0;  // units may only get smaller
    while (!text.empty()) {
        const auto value = take_number(text);
        if (!value || *value > k_max_duration_ms) return std::nullopt;
        const std::string_view suffix = take_letters(text);
        std::size_t unit = next_unit;
        while (unit < k_durations.size() && k_durations[unit].suffix != suffix) ++unit;
        if (unit == k_durations.size()) return std::nullopt;
        if (*value > k_max_duration_ms / k_durations[unit].factor) return std::nullopt;
        total += *value * k_durations[unit].factor;
        if (total > k_max_duration_ms) return std::nullopt;
        next_unit = unit + 1;
    }
    return Millis{static_cast<std::int64_t>(total)};
}

std::string format_duration(Millis duration) {
    if (duration.count() <= 0) return "0s";
    auto rest = static_cast<std::uint64_t>(duration.count());
    std::string out;
    for (const Unit& unit : k_durations) {
        if (rest < unit.factor) continue;
        out += std::to_string(rest / unit.factor);
        out += unit.suffix;
        rest %= unit.factor;
    }
    return out;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const auto value = take_number(text);
    if (!value) return std::nullopt;
    if (text.empty()) return *value;
    for (const Unit& unit : k_sizes) {
        if (unit.suffix != text) continue;
        constexpr std::uint64_t limit = 1ULL << 62;
        if (*value > limit / unit.factor) return std::nullopt;
        return *value * unit.factor;
    }
    return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
    for (const Unit& unit : k_sizes) {
        if (bytes >= unit.factor && bytes % unit.factor == 0) {
            return std::to_string(bytes / unit.factor) + std::string(unit.suffix);
        }
    }
    return "0B";
}

}  // namespace gantry::settings
