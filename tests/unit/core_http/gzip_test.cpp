#include "core/http/gzip.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::http;

TEST_CASE("gzip: what is packed comes out the same, and smaller in between") {
    Inflater inflater;
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "alert " + std::to_string(i % 7) + "\n";
    const std::string packed = gzip(text);
    CHECK(packed.size() < text.size() / 10);
    const auto plain = inflater.inflate(packed, 1 << 20);
    REQUIRE(plain);
    CHECK(*plain == text);
    CHECK(*inflater.inflate(gzip(""), 10) == "");
}

TEST_CASE("gzip: a body of exactly the bound passes, one byte more is refused") {
    Inflater inflater;
    const std::string packed = gzip(std::string(100'000, 'x'));
    CHECK(inflater.inflate(packed, 100'000)->size() == 100'000);
    const auto refused = inflater.inflate(packed, 99'999);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::limit);
    CHECK(inflater.inflate(packed, 0).error().code == ErrorCode::limit);
}

TEST_CASE("gzip: every cut of a body is corrupt, never accepted") {
    Inflater inflater;
    const std::string packed = gzip("a body that is long enough to have an inside");
    for (std::size_t size = 0; size < packed.size(); ++size) {
        CAPTURE(size);
        const auto result = inflater.inflate(std::string_view(packed).substr(0, size), 1000);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::corrupt);
    }
}

TEST_CASE("gzip: noise, a wrong checksum and rubbish behind the end are corrupt") {
    Inflater inflater;
    std::string packed = gzip("hello");
    CHECK(inflater.inflate("no gzip at all", 100).error().code == ErrorCode::corrupt);
    CHECK(inflater.inflate(packed + "tail", 100).error().code == ErrorCode::corrupt);
    packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] + 1);
    CHECK(inflater.inflate(packed, 100).error().code == ErrorCode::corrupt);
    // And the inflater still works.
    CHECK(*inflater.inflate(gzip("again"), 100) == "again");
}

TEST_CASE("gzip: members behind one another are one body, and share its bound") {
    Inflater inflater;
    const std::string packed = gzip("one ") + gzip("two");
    CHECK(*inflater.inflate(packed, 7) == "one two");
    CHECK(inflater.inflate(packed, 6).error().code == ErrorCode::limit);
}
