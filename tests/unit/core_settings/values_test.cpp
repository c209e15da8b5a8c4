#include "core/settings/values.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::settings;

TEST_CASE("parse_duration: takes one or more units from large to small") {
    CHECK(parse_duration("500ms") == Millis{500});
    CHECK(parse_duration("15s") == Millis{15'000});
    CHECK(parse_duration("5m") == Millis{300'000});
    CHECK(parse_duration("2h") == Millis{7'200'000});
    CHECK(parse_duration("7d") == Millis{604'800'000});
    CHECK(parse_duration("1h30m") == Millis{5'400'000});
    CHECK(parse_duration("0") == Millis{0});
    CHECK(parse_duration("0s") == Millis{0});
}

TEST_CASE("parse_duration: refuses what could be read in two ways") {
    for (const char* bad : {"", "15", "s", "-5s", "1.5h", "5 m", "5M", "5min", "30m1h", "5m5m",
                            "5s ", "99999999999d", "18446744073709551616s", "3651d"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad).has_value());
    }
}

TEST_CASE("format_duration: writes what parse_duration reads") {
    CHECK(format_duration(Millis{90'000}) == "1m30s");
    CHECK(format_duration(Millis{604'800'000}) == "7d");
    CHECK(format_duration(Millis{0}) == "0s");
    for (const std::int64_t ms : {1LL, 999LL, 61'001LL, 86'399'999LL, 315'360'000'000LL}) {
        CHECK(parse_duration(format_duration(Millis{ms})) == Millis{ms});
    }
}

TEST_CASE("parse_size: takes bytes and binary units") {
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("4096") == 4096);
    CHECK(parse_size("512KiB") == 512u << 10);
    CHECK(parse_size("64MiB") == 64u << 20);
    CHECK(parse_size("20GiB") == 20ULL << 30);
    CHECK(parse_size("1TiB") == 1ULL << 40);
}

TEST_CASE("parse_size: refuses decimal units, signs, fractions and overflow") {
    for (const char* bad : {"", "MiB", "64MB", "64M", "64mib", "-1", "1.5GiB", "64 MiB",
                            "9999999999TiB", "18446744073709551616"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_size(bad).has_value());
    }
}

TEST_CASE("format_size: writes what parse_size reads") {
    CHECK(format_size(64 << 20) == "64MiB");
    CHECK(format_size(1000) == "1000B");
    CHECK(format_size(0) == "0B");
    CHECK(parse_size(format_size(3ULL << 41)) == 3ULL << 41);
}
