#include "core/telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/text.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using telemetry::Log;
using telemetry::LogLevel;

namespace {

// What `work` writes to standard error.
std::string captured(const std::function<void()>& work) {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("stderr");
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    work();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(file);
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::stringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

// One line of info, without time, program and level.
std::string line_with(std::string_view key, const std::string& value) {
    const auto lines = lines_of(captured([&] { Log("p").info("e", {{key, value}}); }));
    if (lines.size() != 1) return "not one line";
    return lines[0].substr(lines[0].find(" info ") + 6);
}

template <class T>
concept Loggable = requires(T value) {
    telemetry::Field("key", value);
};

}  // namespace

TEST_CASE("log: a line is time in UTC, program, level, event and its fields in order") {
    const auto text = captured([] {
        Log("gantryd").warn("delivery_failed", {{"connector", "jira"}, {"attempt", 3}});
    });
    const auto lines = lines_of(text);
    REQUIRE(lines.size() == 1);
    const std::regex shape(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z gantryd warn(ing)? )"
                           R"(delivery_failed connector=jira attempt=3)");
    INFO(lines[0]);
    CHECK(std::regex_match(lines[0], shape));
    CHECK(text.back() == '\n');
}

TEST_CASE("log: an event without fields is the event alone") {
    const auto text = captured([] { Log("p").error("engine_stopped"); });
    CHECK(text.ends_with(" error engine_stopped\n"));
}

TEST_CASE("log: below its level a Log says nothing, at it and above everything") {
    const auto all = [](LogLevel level) {
        return lines_of(captured([&] {
            const Log log("p", level);
            log.debug("a");
            log.info("b");
            log.warn("c");
            log.error("d");
        }));
    };
    CHECK(all(LogLevel::debug).size() == 4);
    CHECK(all(LogLevel::info).size() == 3);
    CHECK(all(LogLevel::warn).size() == 2);
    CHECK(all(LogLevel::error).size() == 1);
    CHECK(all(LogLevel::error)[0].ends_with(" d"));
    CHECK(lines_of(captured([] { Log("p").debug("a"); })).empty());  // info is the default
}

TEST_CASE("log: the silent one says nothing, its copies neither") {
    CHECK(captured([] {
              const Log silent = Log::silent();
              const Log copy = silent;
              silent.error("a", {{"b", 1}});
              copy.error("c");
          }).empty());
}

TEST_CASE("log: plain values stand as they are") {
    CHECK(line_with("host", "web01.example.com") == "e host=web01.example.com");
    CHECK(line_with("path", "/var/log") == "e path=/var/log");
    CHECK(line_with("name", "Zürich") == "e name=Zürich");
}

TEST_CASE("log: numbers of every kind are written whole") {
    const auto lines = lines_of(captured([] {
        Log("p").info("e", {{"a", std::int64_t{-9'000'000'000}},
                            {"b", std::uint16_t{8443}},
                            {"c", std::size_t{18'000'000'000'000'000'000u}}});
    }));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ends_with("e a=-9000000000 b=8443 c=18000000000000000000"));
}

TEST_CASE("log: what could be taken for another field or line is quoted and escaped") {
    CHECK(line_with("k", "") == "e k=\"\"");
    CHECK(line_with("k", "two words") == "e k=\"two words\"");
    CHECK(line_with("k", "a=b") == "e k=\"a=b\"");
    CHECK(line_with("k", "say \"no\"") == R"(e k="say \"no\"")");
    CHECK(line_with("k", "a\nlevel=error") == R"(e k="a\nlevel=error")");
    CHECK(line_with("k", "C:\\temp dir") == R"(e k="C:\\temp dir")");
    CHECK(line_with("k", std::string("a\0b", 3)) == R"(e k="a\x00b")");
    CHECK(line_with("k", "a\r\t\x1b[31m") == R"(e k="a\x0d\x09\x1b[31m")");
}

TEST_CASE("log: a terminal is not driven by a value") {
    // DEL, and the C1 controls as UTF-8: CSI (U+009B) begins an escape sequence.
    for (const std::string value : {"a\x7f",
                                    "a\xc2\x9b"
                                    "31m",
                                    "a\xc2\x85"
                                    "b"}) {
        const std::string line = line_with("k", value);
        CAPTURE(line);
        CHECK(line.find('\x7f') == std::string::npos);
        CHECK(line.find('\xc2') == std::string::npos);
    }
}

TEST_CASE("log: a line is valid UTF-8 although a value is not") {
    for (const std::string value : {"a\xff", "\xc3", "\xed\xa0\x80", "ok\xf0\x9f"}) {
        const std::string line = line_with("k", value);
        CAPTURE(line);
        CHECK(is_utf8(line));
    }
}

TEST_CASE("log: a secret cannot be logged by accident, only revealed on purpose") {
    STATIC_REQUIRE(Loggable<std::string>);
    STATIC_REQUIRE(Loggable<int>);
    STATIC_REQUIRE_FALSE(Loggable<Redacted<std::string>>);
    STATIC_REQUIRE_FALSE(Loggable<Redacted<int>>);
}

TEST_CASE("log: braces and percent signs are text, not formats") {
    CHECK(line_with("k", "{}%s{0}%n") == "e k={}%s{0}%n");
}

TEST_CASE("log: lines of several threads are whole") {
    const auto lines = lines_of(captured([] {
        const Log log("p");
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([log] {
                for (int i = 0; i < 100; ++i) {
                    log.info("tick", {{"text", "some words"}, {"end", "x"}});
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    }));
    REQUIRE(lines.size() == 400);
    for (const std::string& line : lines) {
        CHECK(line.ends_with(" p info tick text=\"some words\" end=x"));
    }
}
