#include "connectors/engine/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.hpp"

namespace gantry::connectors {
namespace {

constexpr Millis k_longest{std::chrono::hours{24 * 3650}};
constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads the text from left to right; once something does not fit, everything after fails too.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    Reader& skip(std::string_view exact) {
        if (!rest_.starts_with(exact)) return failed();
        rest_.remove_prefix(exact.size());
        return *this;
    }
    Reader& number(int& out, std::size_t width) {
        if (rest_.size() < width) return failed();
        const char* end = rest_.data() + width;
        const auto [stop, error] = std::from_chars(rest_.data(), end, out);
        if (error != std::errc{} || stop != end || out < 0) return failed();
        rest_.remove_prefix(width);
        return *this;
    }
    Reader& month(int& out) {
        const auto found = std::find(k_months.begin(), k_months.end(), rest_.substr(0, 3));
        if (found == k_months.end()) return failed();
        out = static_cast<int>(found - k_months.begin()) + 1;
        rest_.remove_prefix(3);
        return *this;
    }
    // asctime pads the day with a space instead of a zero.
    Reader& padded_day(int& out) {
        if (!rest_.starts_with(' ')) return number(out, 2);
        rest_.remove_prefix(1);
        return number(out, 1);
    }
    Reader& clock(int& hour, int& minute, int& second) {
        return number(hour, 2).skip(":").number(minute, 2).skip(":").number(second, 2);
    }
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

private:
    Reader& failed() {
        ok_ = false;
        rest_ = {};
        return *this;
    }
    std::string_view rest_;
    bool ok_ = true;
};

struct Parts {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<Instant> to_instant(const Parts& parts) {
    const std::chrono::year_month_day date{std::chrono::year{parts.year},
                                           std::chrono::month{static_cast<unsigned>(parts.month)},
                                           std::chrono::day{static_cast<unsigned>(parts.day)}};
    if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return {};
    return Instant{std::chrono::sys_days{date}} + std::chrono::hours{parts.hour} +
           std::chrono::minutes{parts.minute} + std::chrono::seconds{parts.second};
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Instant> imf_fixdate(std::string_view text) {
    if (text.size() != 29 || text.substr(3, 2) != ", ") return {};
    Parts p;
    Reader in(text.substr(5));
    in.number(p.day, 2).skip(" ").month(p.month).skip(" ").number(p.year, 4).skip(" ");
    if (!in.clock(p.hour, p.minute, p.second).skip(" GMT").done()) return {};
    return to_instant(p);
}

// "Sunday, 06-Nov-94 08:49:37 GMT"; a year more than 50 ahead is of the century before.
std::optional<Instant> rfc850(std::string_view text, Instant now) {
    const auto comma = text.find(", ");
    if (comma == std::string_view::npos) return {};
    Parts p;
    Reader in(text.substr(comma + 2));
    in.number(p.day, 2).skip("-").month(p.month).skip("-").number(p.year, 2).skip(" ");
    if (!in.clock(p.hour, p.minute, p.second).skip(" GMT").done()) return {};
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int this_year = static_cast<int>(today.year());
    p.year += this_year - this_year % 100;
    if (p.year > this_year + 50) p.year -= 100;
    return to_instant(p);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<Instant> asctime_date(std::string_view text) {
    if (text.size() != 24) return {};
    Parts p;
    Reader in(text.substr(4));
    in.month(p.month).skip(" ").padded_day(p.day).skip(" ");
    if (!in.clock(p.hour, p.minute, p.second).skip(" ").number(p.year, 4).done()) return {};
    return to_instant(p);
}

}  // namespace

std::optional<Millis> parse_retry_after(std::string_view value, Instant now) {
    const std::string_view text = trim(value);
    if (text.empty()) return {};
    if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        std::int64_t seconds = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        const std::int64_t longest = k_longest.count() / 1000;
        if (error != std::errc{} || seconds > longest) return k_longest;
        return Millis{seconds * 1000};
    }
    auto at = imf_fixdate(text);
    if (!at) at = rfc850(text, now);
    if (!at) at = asctime_date(text);
    if (!at) return {};
    return std::clamp(*at - now, Millis{0}, k_longest);
}

}  // namespace gantry::connectors
