#include "core/base/text.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace gantry;

TEST_CASE("is_utf8: accepts what RFC 3629 allows and nothing else") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("plain"));
    CHECK(is_utf8("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x9A\x82"));
    CHECK_FALSE(is_utf8("\xC3"));              // cut
    CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
    CHECK_FALSE(is_utf8("\xE0\x80\xAF"));      // overlong
    CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
    CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
    CHECK_FALSE(is_utf8("\xFF"));
}

TEST_CASE("truncate_utf8: never splits a sequence") {
    CHECK(truncate_utf8("abc", 3) == "abc");
    CHECK(truncate_utf8("abcd", 3) == "abc");
    CHECK(truncate_utf8("a\xC3\xA4", 2) == "a");
    CHECK(truncate_utf8("\xF0\x9F\x9A\x82", 3).empty());
}

TEST_CASE("sanitise: NUL, escapes and broken bytes become the replacement character") {
    CHECK(sanitise("a\tb\nc") == "a\tb\nc");
    CHECK(sanitise(std::string("a\0b", 3)) == "a\xEF\xBF\xBD" "b");
    CHECK(sanitise("\x1b[31m") == "\xEF\xBF\xBD[31m");
    CHECK(sanitise("x\xFFy") == "x\xEF\xBF\xBDy");
    CHECK(is_utf8(sanitise("\xE2\x82")));
}

TEST_CASE("nearest: proposes a likely typing error, not a wild guess") {
    const std::vector<std::string> keys{"listen", "database", "retention"};
    CHECK(nearest("lissen", keys) == "listen");
    CHECK(nearest("databse", keys) == "database");
    CHECK_FALSE(nearest("zzz", keys).has_value());
}
