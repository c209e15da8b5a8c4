#include "core/http/message.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/http/request_target.hpp"
#include "core/http/response_head.hpp"

using namespace gantry;
using namespace gantry::http;

TEST_CASE("find_header: names compare without case, the first one wins") {
    const Headers headers{{"X-One", "1"}, {"x-two", "2"}, {"X-ONE", "3"}};
    CHECK(find_header(headers, "x-one") == "1");
    CHECK(find_header(headers, "X-Two") == "2");
    CHECK_FALSE(find_header(headers, "X-On").has_value());
    CHECK_FALSE(find_header({}, "X").has_value());
}

TEST_CASE("bearer: gives the token of its scheme and nothing of another's") {
    Request request;
    CHECK(request.bearer().empty());
    for (const auto& [value, token] :
         std::vector<std::pair<std::string, std::string>>{{"Bearer abc", "abc"},
                                                          {"bearer  abc", "abc"},
                                                          {"Basic abc", ""},
                                                          {"Bearer", ""},
                                                          {"Bearer ", ""},
                                                          {"Bearerabc", ""}}) {
        CAPTURE(value);
        request.headers = {{"authorization", value}};
        CHECK(request.bearer() == token);
    }
}

TEST_CASE("problem: is a document of RFC 9457 with our stable code") {
    const Response response = problem(404, "incident_not_found", "INC0000001 \"x\" \xFF");
    CHECK(response.status == 404);
    CHECK(response.content_type == "application/problem+json");
    const auto document = nlohmann::json::parse(response.body);
    CHECK(document["type"] == "about:blank");
    CHECK(document["title"] == "Not Found");
    CHECK(document["status"] == 404);
    CHECK(document["code"] == "incident_not_found");
    CHECK(document["detail"] == "INC0000001 \"x\" \xEF\xBF\xBD");
}

TEST_CASE("target: path and query come decoded and in order") {
    Request request;
    REQUIRE(parse_target("/api/v1/a%20b?q=x+y&empty=&flag&q=%C3%A4", request));
    CHECK(request.path == "/api/v1/a b");
    REQUIRE(request.query.size() == 4);
    CHECK(request.query_value("q") == "x y");
    CHECK(request.query_value("empty") == "");
    CHECK(request.query_value("flag") == "");
    CHECK(request.query[3].second == "\xC3\xA4");
    CHECK_FALSE(request.query_value("none").has_value());
}

TEST_CASE("target: the forms that a server must accept") {
    for (const auto& [target, path] :
         std::vector<std::pair<std::string, std::string>>{{"/", "/"},
                                                          {"/a+b", "/a+b"},
                                                          {"http://host:80/x?y=1", "/x"},
                                                          {"http://host", "/"},
                                                          {"http://host?y=1", "/"},
                                                          {"/x?u=http://other/", "/x"},
                                                          {"*", "*"}}) {
        CAPTURE(target);
        Request request;
        REQUIRE(parse_target(target, request));
        CHECK(request.path == path);
    }
}

TEST_CASE("target: broken escapes, NUL and what is no UTF-8 are refused") {
    for (const std::string target : {"", "x", "/%", "/%2", "/%zz", "/%00", "/%FF", "/?a=%",
                                     "/?%00=1", "/?a=%C3", "host:443"}) {
        CAPTURE(target);
        Request request;
        CHECK(parse_target(target, request).has_value() == false);
    }
}

TEST_CASE("response head: says length, type and what becomes of the connection") {
    Response response;
    response.body = "12345";
    response.headers = {{"ETag", "\"7\""}};
    CHECK(response_head(response, {}) ==
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
          "ETag: \"7\"\r\n\r\n");
    HeadOptions closing;
    closing.keep_alive = false;
    CHECK(response_head(response, closing).find("Connection: close\r\n") != std::string::npos);
    HeadOptions old;
    old.http_10 = true;
    CHECK(response_head(response, old).find("Connection: keep-alive\r\n") != std::string::npos);
}

TEST_CASE("response head: 204 and 304 have neither type nor length") {
    for (const int status : {204, 304}) {
        Response response;
        response.status = status;
        response.body = "ignored";
        CHECK(response_head(response, {}).find("Content-") == std::string::npos);
        CHECK_FALSE(may_have_body(status));
    }
}

TEST_CASE("response head: a handler's value cannot end its line") {
    Response response;
    response.content_type = "text/plain\r\nX-Evil: 1";
    response.headers = {{"X", "a\r\nSet-Cookie: b"}, {"Y\n", std::string("\0z", 2)}};
    const std::string head = response_head(response, {});
    CHECK(head.find("\r\nX-Evil") == std::string::npos);
    CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
    CHECK(head.find('\0') == std::string::npos);
    CHECK(head.find("X: a  Set-Cookie: b\r\n") != std::string::npos);
}

TEST_CASE("response head: a status that is none becomes 500") {
    Response response;
    response.status = 9999;
    CHECK(response_head(response, {}).starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}
