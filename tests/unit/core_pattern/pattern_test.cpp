#include "core/pattern/pattern.hpp"

#include <catch2/catch.hpp>

using namespace gantry;

TEST_CASE("pattern: the whole text must match, and case counts") {
    const auto pattern = Pattern::compile("web[0-9]+");
    REQUIRE(pattern);
    CHECK(pattern->matches("web01"));
    CHECK_FALSE(pattern->matches("web01.example.com"));
    CHECK_FALSE(pattern->matches("xweb01"));
    CHECK_FALSE(pattern->matches("Web01"));
    CHECK_FALSE(pattern->matches(""));
    CHECK(Pattern::compile("(?i)web[0-9]+")->matches("WEB1"));
    CHECK(Pattern::compile("")->matches(""));
}

TEST_CASE("pattern: a bad expression is an error that names it") {
    const auto bad = Pattern::compile("web[");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == ErrorCode::invalid_input);
    CHECK(bad.error().message.find("web[") != std::string::npos);
    CHECK_FALSE(Pattern::compile("(a)\\1"));  // no back references
    CHECK_FALSE(Pattern::compile(std::string(5000, 'a')));
    CHECK_FALSE(Pattern::compile("((((a{100}){100}){100}){100})"));  // would need too much memory
}

TEST_CASE("pattern: what makes backtracking engines hang is answered at once") {
    const auto pattern = Pattern::compile("(a+)+b");
    REQUIRE(pattern);
    CHECK_FALSE(pattern->matches(std::string(64 * 1024, 'a')));
}

TEST_CASE("pattern: bytes that are no UTF-8 do not match and do no harm") {
    CHECK_FALSE(Pattern::compile(".")->matches("\xFF"));
    CHECK(Pattern::compile(".")->matches("ü"));
}
