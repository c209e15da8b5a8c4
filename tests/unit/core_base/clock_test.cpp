#include "core/time/clock.hpp"

#include <catch2/catch.hpp>

#include "core/base/text.hpp"

using namespace gantry;

TEST_CASE("rfc3339: writing and reading back gives the same instant") {
    const Instant at = from_ms(1'764'040'741'123);
    CHECK(to_rfc3339(at) == "2025-11-25T03:19:01.123Z");
    CHECK(*parse_rfc3339(to_rfc3339(at)) == at);
}

TEST_CASE("rfc3339: offsets and fractions of any length are understood") {
    CHECK(*parse_rfc3339("2025-11-25T05:19:01.123456789+02:00") == from_ms(1'764'040'741'123));
    CHECK(*parse_rfc3339("2025-11-25T03:19:01Z") == from_ms(1'764'040'741'000));
    CHECK(*parse_rfc3339("2025-11-24T22:19:01.5-05:00") == from_ms(1'764'040'741'500));
}

TEST_CASE("rfc3339: what is no time is refused with its text") {
    for (const char* bad : {"", "yesterday", "2025-11-25", "2025-13-01T00:00:00Z",
                            "2025-02-30T00:00:00Z", "2025-11-25T25:00:00Z", "2025-11-25T03:19:01",
                            "2025-11-25T03:19:01.Z", "2025-11-25T03:19:01Zx"}) {
        CAPTURE(bad);
        const auto result = parse_rfc3339(bad);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == ErrorCode::invalid_input);
    }
}

TEST_CASE("rfc3339: an error about any bytes is valid UTF-8") {
    for (std::size_t n = 60; n < 70; ++n) {
        const auto result = parse_rfc3339(std::string(n, 'x') + "\xEF\xBF\xBD\xFF");
        REQUIRE_FALSE(result.has_value());
        CHECK(is_utf8(result.error().message));
    }
}
