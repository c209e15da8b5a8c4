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
    CHECK(sanitise(std::string("a\0b", 3)) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(sanitise("\x1b[31m") == "\xEF\xBF\xBD[31m");
    CHECK_FALSE(is_clean("\x1b[31m"));
    CHECK_FALSE(is_clean("x\xFFy"));
    CHECK(is_clean("\xC3\xBC ~\n"));
    CHECK(sanitise("a\x1F") == "a\xEF\xBF\xBD");
    CHECK(sanitise("~ \x7F") == "~ \xEF\xBF\xBD");
    CHECK(sanitise("\xC3\xBC ~") == "\xC3\xBC ~");
    CHECK(sanitise("x\xFFy") == "x\xEF\xBF\xBDy");
    CHECK(is_utf8(sanitise("\xE2\x82")));
}

TEST_CASE("nearest: a long word has no nearest one, at no cost") {
    const std::vector<std::string> keys{std::string(64, 'a'), std::string(65, 'a')};
    CHECK(nearest(std::string(64, 'b').replace(0, 60, 60, 'a'), keys) == keys[0]);
    CHECK_FALSE(nearest(std::string(65, 'a'), keys).has_value());
    const std::vector<std::string> many(1'000, std::string(64, 'q'));
    for (int i = 0; i < 1'000; ++i) {
        CHECK_FALSE(nearest(std::string(1 << 20, 'q'), many).has_value());
    }
}

TEST_CASE("nearest: proposes a likely typing error, not a wild guess") {
    const std::vector<std::string> keys{"listen", "database", "retention"};
    CHECK(nearest("lissen", keys) == "listen");
    CHECK(nearest("databse", keys) == "database");
    CHECK_FALSE(nearest("zzz", keys).has_value());
}

TEST_CASE("text: clean text fits its bound, is UTF-8 and shows that it was cut") {
    CHECK(clean_text("short", 8) == "short");
    CHECK(clean_text("exactly8", 8) == "exactly8");
    CHECK(clean_text("nine byte", 8) == "nine \xE2\x80\xA6");
    CHECK(clean_text(std::string_view("a\0b", 3), 8) ==
          "a\xEF\xBF\xBD"
          "b");
    // What grows by being cleaned is bounded as well, and no sequence is split.
    for (std::size_t max = 3; max < 40; ++max) {
        for (const std::string& piece :
             {std::string("\x01"), std::string("\xFF"), std::string("\xC3\xA4"),
              std::string("\xF0\x9F\x98\x80")}) {
            std::string text;
            while (text.size() < 60) text += piece;
            const std::string out = clean_text(text, max);
            CHECK(out.size() <= max);
            CHECK(is_utf8(out));
            CHECK(out.ends_with("\xE2\x80\xA6"));
        }
    }
}
