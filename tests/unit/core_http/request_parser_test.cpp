#include "core/http/request_parser.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace gantry::http;
using Status = RequestParser::Status;

namespace {

struct Fixture {
    explicit Fixture(ParserLimits limits = ParserLimits{1024, 100}, std::size_t budget_bytes = 1000)
        : budget{budget_bytes, 0}, lease(budget), parser(limits, lease) {}

    // As a connection does it: what was not consumed comes again with the next piece.
    Status feed(const std::string& bytes, std::size_t piece = std::string::npos) {
        Status status = Status::need_more;
        for (std::size_t at = 0; at < bytes.size() && status == Status::need_more;) {
            const std::string next = bytes.substr(at, piece);
            at += next.size();
            pending += next;
            std::size_t consumed = 0;
            status = parser.feed(pending, consumed);
            pending.erase(0, consumed);
        }
        return status;
    }
    BodyBudget budget;
    BodyLease lease;
    RequestParser parser;
    std::string pending;
};

const std::string k_head = "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Y: z\r\n";

}  // namespace

TEST_CASE("parser: a request means the same whole and byte by byte") {
    const std::string bytes = k_head + "Content-Length: 5\r\n\r\nhello";
    for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{7}}) {
        CAPTURE(piece);
        Fixture fixture;
        REQUIRE(fixture.feed(bytes, piece) == Status::complete);
        CHECK(fixture.parser.keep_alive());
        CHECK(fixture.budget.used == 5);
        const Request request = fixture.parser.take();
        CHECK(request.method == "POST");
        CHECK(request.path == "/a");
        CHECK(request.query_value("b") == "c");
        CHECK(find_header(request.headers, "x-y") == "z");
        CHECK(request.body == "hello");
    }
}

TEST_CASE("parser: chunks become one body, byte by byte as well, and trailers are dropped") {
    const std::string bytes = k_head +
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: evil\r\n\r\n";
    for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{5}}) {
        CAPTURE(piece);
        Fixture fixture;
        REQUIRE(fixture.feed(bytes, piece) == Status::complete);
        const Request request = fixture.parser.take();
        CHECK(request.body == "hello");
        CHECK_FALSE(find_header(request.headers, "X-Trailer").has_value());
    }
}

TEST_CASE("parser: the next pipelined request is left alone") {
    Fixture fixture;
    const std::string one = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string two = "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    REQUIRE(fixture.feed(one + two) == Status::complete);
    CHECK(fixture.parser.take().path == "/1");
    CHECK(fixture.pending == two);
    fixture.parser.reset();
    CHECK_FALSE(fixture.parser.started());
    REQUIRE(fixture.feed("") == Status::need_more);
    REQUIRE(fixture.feed("x") == Status::complete);
    CHECK(fixture.parser.take().path == "/2");
    CHECK(fixture.pending == "x");
}

TEST_CASE("parser: HEAD arrives as GET and is remembered") {
    Fixture fixture;
    REQUIRE(fixture.feed("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n") == Status::complete);
    CHECK(fixture.parser.is_head());
    CHECK(fixture.parser.take().method == "GET");
}

TEST_CASE("parser: 100-continue is asked for once, when the body has not come yet") {
    Fixture fixture;
    REQUIRE(fixture.feed(k_head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n") ==
            Status::need_more);
    CHECK(fixture.parser.take_expectation());
    CHECK_FALSE(fixture.parser.take_expectation());
    CHECK(fixture.feed("ok") == Status::complete);
    Fixture eager;
    eager.feed(k_head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\no");
    CHECK_FALSE(eager.parser.take_expectation());
}

TEST_CASE("parser: HTTP/1.0 needs no Host and closes unless asked not to") {
    Fixture fixture;
    REQUIRE(fixture.feed("GET / HTTP/1.0\r\n\r\n") == Status::complete);
    CHECK(fixture.parser.is_http_10());
    CHECK_FALSE(fixture.parser.keep_alive());
    Fixture kept;
    REQUIRE(kept.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == Status::complete);
    CHECK(kept.parser.keep_alive());
}

TEST_CASE("parser: what is malformed, ambiguous or not understood is refused with its status") {
    struct Row {
        std::string bytes;
        int status;
        Reason reason;
    };
    const std::vector<Row> rows{
        {"rubbish\r\n\r\n", 400, Reason::malformed},
        {std::string("\x16\x03\x01\x02", 4) + std::string(100, '\0'), 400, Reason::malformed},
        {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400, Reason::malformed},
        {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, Reason::malformed},
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, Reason::malformed},
        {"GET / HTTP/1.1\r\n\r\n", 400, Reason::malformed},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, Reason::malformed},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, Reason::malformed},
        {k_head + "Content-Length: x\r\n\r\n", 400, Reason::malformed},
        {k_head + "Content-Length: -1\r\n\r\n", 400, Reason::malformed},
        {k_head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, Reason::malformed},
        {k_head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
         Reason::malformed},
        {k_head + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400,
         Reason::malformed},
        {k_head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, Reason::malformed},
        {k_head + "Transfer-Encoding: xchunked\r\n\r\n", 501, Reason::malformed},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 501, Reason::malformed},
        {k_head + "Transfer-Encoding: chunked\r\n\r\nzzzz\r\n", 400, Reason::malformed},
        {k_head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcdefg\r\n", 400, Reason::malformed},
        {k_head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400,
         Reason::malformed},
        {k_head + "Expect: tea\r\n\r\n", 417, Reason::malformed},
        {k_head + "Content-Encoding: br\r\n\r\n", 415, Reason::encoding},
        {k_head + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 415,
         Reason::encoding},
        {k_head + "Content-Length: 101\r\n\r\n", 413, Reason::body_limit},
        {k_head + "Content-Length: 99999999999999999\r\n\r\n", 413, Reason::body_limit},
        {k_head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 413,
         Reason::body_limit},
    };
    for (const Row& row : rows) {
        for (const std::size_t piece : {row.bytes.size(), std::size_t{1}}) {
            CAPTURE(row.bytes, piece);
            Fixture fixture;
            REQUIRE(fixture.feed(row.bytes, piece) == Status::failed);
            CHECK(fixture.parser.refusal().status == row.status);
            CHECK(fixture.parser.refusal().reason == row.reason);
            CHECK_FALSE(fixture.parser.refusal().detail.empty());
        }
    }
}

TEST_CASE("parser: bare line feeds end no line") {
    Fixture fixture;
    CHECK(fixture.feed("GET / HTTP/1.1\nHost: a\n\n") == Status::failed);
    Fixture slow;
    CHECK(slow.feed("GET / HTTP/1.1\nHost: a\n\n", 1) == Status::need_more);
}

TEST_CASE("parser: an empty chunked body is complete however it is cut") {
    const std::string bytes = k_head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t piece = 1; piece < 10; ++piece) {
        CAPTURE(piece);
        Fixture fixture;
        CHECK(fixture.feed(bytes, piece) == Status::complete);
        CHECK(fixture.parser.take().body.empty());
    }
}

TEST_CASE("parser: the header's bound holds however it is cut") {
    const std::string long_target = "GET /" + std::string(2000, 'a');
    std::string many_fields = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 100; ++i) many_fields += "X-" + std::to_string(i) + ": 0123456789\r\n";
    const std::string long_field = k_head + "X-Long: " + std::string(2000, 'a');
    const std::string extension =
        k_head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'a');
    const std::string trailer =
        k_head + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(2000, 'a');
    for (const std::string& bytes : {long_target, many_fields, long_field, extension, trailer}) {
        for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{100}}) {
            CAPTURE(bytes.substr(0, 40), piece);
            Fixture fixture;
            REQUIRE(fixture.feed(bytes, piece) == Status::failed);
            CHECK(fixture.parser.refusal().status == 431);
            CHECK(fixture.pending.size() <= 1024 + 100 + bytes.size() / 2 + 1024);
        }
    }
}

TEST_CASE("parser: a chunked body is bounded by its sum") {
    Fixture fixture;
    std::string bytes = k_head + "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 11; ++i) bytes += "a\r\n0123456789\r\n";
    REQUIRE(fixture.feed(bytes) == Status::failed);
    CHECK(fixture.parser.refusal().status == 413);
    CHECK(fixture.budget.used <= 100);
}

TEST_CASE("parser: bodies of all connections share one budget, given back at the end") {
    BodyBudget budget{100, 0};
    {
        BodyLease one(budget);
        REQUIRE(one.grow(60));
        BodyLease two(budget);
        CHECK_FALSE(two.grow(41));
        CHECK(two.grow(40));
        CHECK(budget.used == 100);
        one.release();
        CHECK(budget.used == 40);
    }
    CHECK(budget.used == 0);
    Fixture fixture(ParserLimits{1024, 100}, 10);
    REQUIRE(fixture.feed(k_head + "Content-Length: 11\r\n\r\nhello world") == Status::failed);
    CHECK(fixture.parser.refusal().status == 503);
    CHECK(fixture.parser.refusal().reason == Reason::inflight);
}

TEST_CASE(
    "parser: a route's own bound is asked with the header, and holds before the body is kept") {
    const std::function<std::size_t(const Request&)> limit = [](const Request& head) {
        return head.path == "/a" && head.query_value("b") == "c" && head.body.empty() ? 5U : 50U;
    };
    const ParserLimits limits{1024, 20, &limit};
    for (const char* size : {"Content-Length: 6\r\n\r\n", "Content-Length: 21\r\n\r\n"}) {
        Fixture fixture(limits);
        REQUIRE(fixture.feed(k_head + size) == Status::failed);
        CHECK(fixture.parser.refusal().status == 413);
        CHECK(fixture.parser.refusal().reason == Reason::body_limit);
        CHECK(fixture.budget.used == 0);
    }
    Fixture fits(limits);
    REQUIRE(fits.feed(k_head + "Content-Length: 5\r\n\r\nhello") == Status::complete);
    CHECK(fits.parser.inflated_limit() == 5);
    Fixture chunked(limits);
    const std::string chunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n";
    REQUIRE(chunked.feed(k_head + chunks, 1) == Status::failed);
    CHECK(chunked.parser.refusal().status == 413);
    CHECK(chunked.budget.used <= 5);
    // The server's bound holds where the route's is wider.
    Fixture wide(limits);
    const std::string other = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: ";
    REQUIRE(wide.feed(other + "21\r\n\r\n") == Status::failed);
    CHECK(wide.parser.refusal().detail.find("20 bytes") != std::string::npos);
}
