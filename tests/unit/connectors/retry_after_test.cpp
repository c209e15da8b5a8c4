#include "connectors/engine/retry_after.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace gantry;
using namespace gantry::connectors;

namespace {

constexpr std::int64_t k_ten_years_s = 3650LL * 86'400;

// RFC 9110's own example, Sun, 06 Nov 1994 08:49:37 GMT.
const Instant k_1994 = from_ms(784'111'777'000);

std::optional<std::int64_t> seconds(std::string_view value, Instant now = k_1994) {
    const auto wait = parse_retry_after(value, now);
    if (!wait) return {};
    return wait->count() / 1000;
}

}  // namespace

TEST_CASE("retry_after: seconds, with blanks around") {
    CHECK(seconds("0") == 0);
    CHECK(seconds("1") == 1);
    CHECK(seconds("120") == 120);
    CHECK(seconds(" 3600\t") == 3600);
    CHECK(seconds("007") == 7);
}

TEST_CASE("retry_after: absurdly many seconds are cut to ten years") {
    CHECK(seconds(std::to_string(k_ten_years_s)) == k_ten_years_s);
    CHECK(seconds(std::to_string(k_ten_years_s + 1)) == k_ten_years_s);
    CHECK(seconds("9223372036854775807") == k_ten_years_s);
    CHECK(seconds("9223372036854775808") == k_ten_years_s);
    CHECK(seconds("99999999999999999999999999999999") == k_ten_years_s);
    CHECK(seconds(std::string(300, '9')) == k_ten_years_s);
}

TEST_CASE("retry_after: the three date forms of RFC 9110 name the same moment") {
    const Instant minute_before = k_1994 - Millis{60'000};
    CHECK(seconds("Sun, 06 Nov 1994 08:49:37 GMT", minute_before) == 60);
    CHECK(seconds("Sunday, 06-Nov-94 08:49:37 GMT", minute_before) == 60);
    CHECK(seconds("Sun Nov  6 08:49:37 1994", minute_before) == 60);
    CHECK(seconds("Sun Nov 16 08:49:37 1994", k_1994) == 10 * 86'400);
}

TEST_CASE("retry_after: a date gone by is now, one far away is cut to ten years") {
    CHECK(seconds("Sun, 06 Nov 1994 08:49:37 GMT", k_1994) == 0);
    CHECK(seconds("Sun, 06 Nov 1994 08:49:37 GMT", k_1994 + Millis{1}) == 0);
    CHECK(seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
    CHECK(seconds("Fri, 31 Dec 9999 23:59:59 GMT") == k_ten_years_s);
}

TEST_CASE("retry_after: fractions of our clock are kept, so that it is never too early") {
    const Instant now = k_1994 - Millis{1'500};
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == Millis{1'500});
}

TEST_CASE("retry_after: a two-digit year more than fifty ahead is of the century before") {
    const Instant in_2026 = from_ms(1'764'000'000'000);
    CHECK(seconds("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == 0);       // 1994
    CHECK(seconds("Tuesday, 01-Jan-30 00:00:00 GMT", in_2026) > 86'400);  // 2030
    CHECK(seconds("Sunday, 01-Jan-78 00:00:00 GMT", in_2026) == 0);       // 1978
}

TEST_CASE("retry_after: leap days and leap seconds are dates, others that do not exist are not") {
    CHECK(seconds("Thu, 29 Feb 1996 00:00:00 GMT").has_value());
    CHECK(seconds("Sat, 31 Dec 1994 23:59:60 GMT").has_value());
    for (const char* value : {"Wed, 29 Feb 1995 00:00:00 GMT", "Thu, 31 Apr 1995 00:00:00 GMT",
                              "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
                              "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
                              "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nvo 1994 08:49:37 GMT"}) {
        CAPTURE(value);
        CHECK_FALSE(seconds(value).has_value());
    }
}

TEST_CASE("retry_after: what is neither seconds nor a date counts as absent") {
    for (const std::string value : {"",
                                    " ",
                                    "-1",
                                    "+5",
                                    "1.5",
                                    "1e3",
                                    "0x10",
                                    "12s",
                                    "1 2",
                                    "soon",
                                    "\xff\xfe",
                                    "Sun, 06 Nov 1994 08:49:37",
                                    "Sun, 06 Nov 1994 08:49:37 UTC",
                                    "Sun, 06 Nov 1994 08:49:37 GMTx",
                                    "Sun, 6 Nov 1994 08:49:37 GMT",
                                    "Sun, -6 Nov 1994 08:49:37 GMT",
                                    "Sun, 06 Nov -994 08:49:37 GMT",
                                    "Sunday, 06-Nov-1994 08:49:37 GMT",
                                    "Sun Nov 06 08:49:37 94",
                                    "1994-11-06T08:49:37Z",
                                    "Sun Nov  6 08:49:37 19x4",
                                    "Sun, 06 Nov 1994 08:49: 7 GMT"}) {
        CAPTURE(value);
        CHECK_FALSE(seconds(value).has_value());
    }
}

TEST_CASE("retry_after: every cut of a good date is refused") {
    const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (std::size_t size = 0; size < date.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(seconds(date.substr(0, size)).has_value());
    }
}
