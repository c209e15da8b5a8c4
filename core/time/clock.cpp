#include "core/time/clock.hpp"

#include <cstdio>

#include "core/base/text.hpp"

namespace gantry {
namespace {

// Reads exactly `count` digits at `pos`; advances. False when there are not that many.
bool digits(std::string_view text, std::size_t& pos, int count, int& out) {
    out = 0;
    for (int i = 0; i < count; ++i, ++pos) {
        if (pos >= text.size() || text[pos] < '0' || text[pos] > '9') return false;
        out = out * 10 + (text[pos] - '0');
    }
    return true;
}

bool literal(std::string_view text, std::size_t& pos, std::string_view any_of) {
    if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
    ++pos;
    return true;
}

// Fraction after the seconds, in milliseconds; further digits are cut.
bool fraction(std::string_view text, std::size_t& pos, int& ms) {
    ms = 0;
    if (pos >= text.size() || text[pos] != '.') return true;
    ++pos;
    int count = 0;
    for (int scale = 100; pos < text.size() && text[pos] >= '0' && text[pos] <= '9';
         ++pos, ++count) {
        ms += (text[pos] - '0') * scale;
        scale /= 10;
    }
    return count > 0 && count <= 9;
}

bool offset(std::string_view text, std::size_t& pos, int& minutes) {
    minutes = 0;
    if (literal(text, pos, "Zz")) return true;
    if (pos >= text.size() || (text[pos] != '+' && text[pos] != '-')) return false;
    const int sign = text[pos++] == '-' ? -1 : 1;
    int h = 0;
    int m = 0;
    if (!digits(text, pos, 2, h) || !literal(text, pos, ":") || !digits(text, pos, 2, m)) {
        return false;
    }
    minutes = sign * (h * 60 + m);
    return h < 24 && m < 60;
}

}  // namespace

Instant SystemClock::now() const {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point SystemClock::steady_now() const {
    return std::chrono::steady_clock::now();
}

std::string to_rfc3339(Instant at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss<Millis> time{at - day};
    char out[40];
    std::snprintf(
        out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return out;
}

Result<Instant> parse_rfc3339(std::string_view text) {
    std::size_t pos = 0;
    int year, month, day, hour, minute, second, ms, shift;
    const bool shaped =
        digits(text, pos, 4, year) && literal(text, pos, "-") && digits(text, pos, 2, month) &&
        literal(text, pos, "-") && digits(text, pos, 2, day) && literal(text, pos, "Tt ") &&
        digits(text, pos, 2, hour) && literal(text, pos, ":") && digits(text, pos, 2, minute) &&
        literal(text, pos, ":") && digits(text, pos, 2, second) && fraction(text, pos, ms) &&
        offset(text, pos, shift) && pos == text.size();
    if (!shaped) {
        // Bytes from outside, cut anywhere, become valid UTF-8 here.
        return fail(
            ErrorCode::invalid_input,
            "\"" + truncate_utf8(sanitise(text.substr(0, 64)), 64) + "\" is not an RFC 3339 time");
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return fail(ErrorCode::invalid_input,
                    "\"" + std::string(text) + "\" names no moment of the calendar");
    }
    return Instant{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
           std::chrono::minutes{minute - shift} + std::chrono::seconds{second} + Millis{ms};
}

}  // namespace gantry
