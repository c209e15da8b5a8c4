// The mail for a delivery: its thread, its words, and that no title can write a header.
#include <nlohmann/json.hpp>

#include "connectors/mail/mail.hpp"
#include "core/http/message.hpp"
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using connectors::test::delivery;

namespace {

using Json = nlohmann::json;

const Instant k_now = from_ms(1'764'000'000'000);

Json payload() {
    return {{"schema", 1},
            {"operation", "open"},
            {"incident",
             {{"number", "INC0000001"},
              {"title", "disk full on web-1"},
              {"state", "new"},
              {"priority", 2},
              {"impact", "high"},
              {"urgency", "medium"},
              {"assignee", ""},
              {"detected_at", "2025-11-24T16:00:00.000Z"},
              {"resolved_at", nullptr}}},
            {"asset", {{"id", 4}, {"name", "web-1"}}},
            {"organisation", {{"id", 1}, {"name", "Example Ltd"}}},
            {"text", "95 % of / is used."}};
}

Delivery row_of(const Json& document, Operation operation = Operation::open) {
    Delivery row = delivery(1);
    row.operation = operation;
    row.payload = document.dump();
    return row;
}

http::Mail mail_of(const Delivery& row, const std::string& remote_id = "") {
    auto mail = compose_mail(row, remote_id, "gantry@example.com", {"ops@example.com"},
                             "example.com", k_now);
    REQUIRE(mail);
    return std::move(*mail);
}

http::Mail titled(const std::string& title) {
    Json document = payload();
    document["incident"]["title"] = title;
    return mail_of(row_of(document));
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string head_of(const std::string& rendered) {
    return "\r\n" + rendered.substr(0, rendered.find("\r\n\r\n") + 2);
}

}  // namespace

TEST_CASE("mail: the first of a thread names the incident and answers nothing") {
    const http::Mail mail = mail_of(row_of(payload()));
    CHECK(mail.from == "gantry@example.com");
    CHECK(mail.to == std::vector<std::string>{"ops@example.com"});
    CHECK(mail.subject == "[INC0000001] disk full on web-1");
    CHECK(mail.in_reply_to.empty());
    CHECK(mail.references.empty());
    CHECK(mail.date == k_now);
}

TEST_CASE("mail: later ones answer the first, under the same subject") {
    const http::Mail first = mail_of(row_of(payload()));
    for (const Operation operation :
         {Operation::update, Operation::resolve, Operation::reopen, Operation::note}) {
        Delivery row = row_of(payload(), operation);
        row.idempotency_key = "INC0000001.2.desk";
        const http::Mail mail = mail_of(row, first.message_id);
        CHECK(mail.in_reply_to == first.message_id);
        CHECK(mail.references == std::vector<std::string>{first.message_id});
        CHECK(mail.subject == "Re: " + first.subject);
        CHECK(mail.message_id != first.message_id);
    }
}

TEST_CASE("mail: a Message-ID is of its key: equal over attempts, apart between deliveries") {
    Delivery row = row_of(payload());
    const std::string id = mail_of(row).message_id;
    CHECK(has(id, row.idempotency_key));
    CHECK(id.ends_with("@example.com"));
    row.attempts = 7;
    CHECK(mail_of(row).message_id == id);
    row.idempotency_key = "INC0000001.2.desk";
    CHECK(mail_of(row).message_id != id);
}

TEST_CASE("mail: the text tells what happened, to what, and how urgent it is") {
    const std::string text = mail_of(row_of(payload())).text;
    for (const char* part : {"opened", "95 % of / is used.", "INC0000001", "disk full on web-1",
                             "web-1", "Example Ltd", "new", "2025-11-24T16:00:00.000Z", "2"}) {
        CAPTURE(part);
        CHECK(has(text, part));
    }
    CHECK_FALSE(has(text, "Assigned to"));
    CHECK_FALSE(has(text, "Resolved:"));
    CHECK_FALSE(has(text, "null"));
    CHECK(has(mail_of(row_of(payload(), Operation::resolve)).text, "resolved"));
    CHECK(mail_of(row_of(payload(), Operation::note)).text != text);
}

TEST_CASE("mail: programs can tell it from people's mail, and filter it") {
    const auto headers = mail_of(row_of(payload(), Operation::resolve)).headers;
    CHECK(http::find_header(headers, "Auto-Submitted") == "auto-generated");
    CHECK(http::find_header(headers, "X-Gantry-Incident") == "INC0000001");
    CHECK(http::find_header(headers, "X-Gantry-Event") == "incident.resolve");
    CHECK(http::find_header(headers, "X-Gantry-Priority") == "2");
}

TEST_CASE("mail: a title with line ends cannot write a header or end the head") {
    const std::string evil = "hi\r\nBcc: evil@example.com\r\n\r\n<b>body</b>";
    Json document = payload();
    document["incident"]["title"] = evil;
    document["incident"]["number"] = evil;
    document["incident"]["priority"] = evil;
    document["asset"]["name"] = evil;
    const std::string rendered = http::render_mail(mail_of(row_of(document), evil));
    CHECK_FALSE(has(head_of(rendered), "\r\nBcc"));
    CHECK(has(head_of(rendered), "\r\nMIME-Version: 1.0\r\n"));
    const std::string body = rendered.substr(rendered.find("\r\n\r\n"));
    CHECK(has(body, "opened"));
}

TEST_CASE("mail: a title beyond ASCII is encoded, controls and cut bytes do no harm") {
    const std::string rendered =
        http::render_mail(titled("Festplatte voll: T\xC3\xBCr \xE2\x82\xAC"));
    CHECK(has(head_of(rendered), "\r\nSubject: =?UTF-8?B?"));
    const std::string head = head_of(http::render_mail(titled(std::string("a\0b\x1b[31m", 8))));
    CHECK(head.find('\0') == std::string::npos);
    CHECK(head.find('\x1b') == std::string::npos);
    const std::string longest = head_of(http::render_mail(titled(std::string(5'000, 'x'))));
    for (std::size_t at = 0; at < longest.size();) {
        const std::size_t end = longest.find("\r\n", at);
        CHECK(end - at <= 998);  // RFC 5322, 2.1.1
        at = end + 2;
    }
}

TEST_CASE("mail: a payload that cannot be understood is invalid input") {
    for (const std::string text :
         {"", "null", "[]", "{", "{}", R"({"incident":null})", R"({"incident":[]})",
          R"({"incident":"INC1"})", "{\"incident\":{\"title\":\"\xff\"}}"}) {
        Delivery row = delivery(1);
        row.payload = text;
        CAPTURE(text);
        const auto mail = compose_mail(row, "", "a@b", {"c@d"}, "example.com", k_now);
        REQUIRE_FALSE(mail);
        CHECK(mail.error().code == ErrorCode::invalid_input);
    }
}

TEST_CASE("mail: members of other types or none at all still make a mail") {
    for (const std::string text :
         {R"({"incident":{}})", R"({"incident":{},"asset":null,"organisation":7,"text":[1]})",
          R"({"incident":{"number":1,"title":null,"state":{},"priority":[]},"asset":"web"})"}) {
        Delivery row = delivery(1);
        row.payload = text;
        CAPTURE(text);
        const auto mail = compose_mail(row, "", "a@b", {"c@d"}, "example.com", k_now);
        REQUIRE(mail);
        CHECK(has(http::render_mail(*mail), "\r\nSubject: "));
    }
}
