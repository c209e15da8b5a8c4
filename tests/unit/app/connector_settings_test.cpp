// The `mail` and `connectors` sections: bounds, defaults, and every mistake at once. What a kind
// needs and forbids is in tests/unit/app_settings.
#include <catch2/catch.hpp>

#include "app/gantryd/settings.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

Result<Settings> parse(const std::string& text) {
    auto document = settings::Document::parse(text, "gantry.yaml", {});
    if (!document) return document.error();
    return read_settings(*document);
}

// A webhook with these keys besides.
std::string webhook(const std::string& keys) {
    return "connectors:\n  - {name: a, kind: webhook, url: \"https://x\", secret: s, " + keys +
           "}\n";
}

std::string error_of(const std::string& text) {
    const auto read = parse(text);
    return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("connector settings: what is not said has its default") {
    const auto read = parse(webhook("min_priority: 5"));
    REQUIRE(read);
    const ConnectorSettings& connector = read->connectors.at(0);
    CHECK(connector.organisations.empty());
    CHECK(connector.timeout == Millis{15'000});
    CHECK(connector.give_up_after == Millis{24 * 3'600'000});
    CHECK(connector.concurrency == 4);
    CHECK(connector.per_minute == 600);
    CHECK(connector.operations == std::vector<Operation>{Operation::open, Operation::update,
                                                         Operation::resolve, Operation::reopen});
}

TEST_CASE("connector settings: numbers and times have bounds, both ends included") {
    for (const char* good : {"min_priority: 1", "min_priority: 5", "concurrency: 1",
                             "concurrency: 64", "per_minute: 1", "per_minute: 60000", "timeout: 1s",
                             "timeout: 5m", "give_up_after: 1m", "give_up_after: 30d"}) {
        CAPTURE(good);
        CHECK(error_of(webhook(good)).empty());
    }
    for (const char* bad :
         {"min_priority: 0", "min_priority: 6", "concurrency: 0", "concurrency: 65",
          "per_minute: 0", "per_minute: 60001", "timeout: 999ms", "timeout: 301s",
          "give_up_after: 59s", "give_up_after: 31d", "min_priority: 1.5", "timeout: soon",
          "concurrency: many", "per_minute: -1", "min_priority: [1]"}) {
        CAPTURE(bad);
        const std::string key(bad, std::string_view(bad).find(':'));
        CHECK(error_of(webhook(bad)).starts_with("gantry.yaml:2: \"connectors[0]." + key + "\""));
    }
}

TEST_CASE("connector settings: an attempt to send a mail takes as long as mail.timeout says") {
    const auto timeout_of = [](const std::string& of_all, const std::string& of_one) {
        const auto read =
            parse("mail: {url: \"smtp://m\"" + of_all +
                  "}\nconnectors:\n  - {name: m, kind: mail, from: a@b, to: [c@d]" + of_one +
                  "}\n  - {name: w, kind: webhook, url: \"https://x\"" + ", secret: s}\n");
        REQUIRE(read);
        CHECK(read->connectors.at(1).timeout == Millis{15'000});
        return read->connectors.at(0).timeout;
    };
    CHECK(timeout_of("", "") == Millis{30'000});
    CHECK(timeout_of(", timeout: 5m", "") == Millis{300'000});
    CHECK(timeout_of("", ", timeout: 3s") == Millis{3'000});
    CHECK(timeout_of(", timeout: 20s", ", timeout: 40s") == Millis{40'000});
    CHECK(error_of("mail: {timeout: 301s}").starts_with("gantry.yaml:1: \"mail.timeout\""));
}

TEST_CASE("connector settings: an unknown key is told with the one that was meant") {
    const std::string error = error_of(webhook("min_prority: 2"));
    CHECK(error.find("min_prority") != std::string::npos);
    CHECK(error.find("\"min_priority\"") != std::string::npos);
}

TEST_CASE("connector settings: all mistakes of a file are told at once, in order") {
    const std::string error = error_of(
        "mail:\n  url: http://m\n  timeout: 0s\n"
        "connectors:\n  - {name: -a, kind: webhook, url: \"https://x\", secret: s}\n"
        "  - {kind: mail}\n");
    std::size_t before = 0;
    for (const char* line :
         {"gantry.yaml:2: ", "gantry.yaml:3: ", "gantry.yaml:5: ", "gantry.yaml:6: "}) {
        INFO(error);
        const std::size_t at = error.find(line);
        REQUIRE(at != std::string::npos);
        CHECK(at >= before);
        before = at;
    }
}

TEST_CASE("connector settings: a name is what outbox rows and metrics can carry") {
    for (const std::string& good :
         {std::string("a"), std::string("jira-2"), std::string("9"), std::string(40, 'n')}) {
        CAPTURE(good);
        CHECK(error_of("connectors: [{name: \"" + good +
                       "\", kind: webhook, url: \"https://x\", secret: s}]")
                  .empty());
    }
    for (const std::string& bad :
         {std::string(""), std::string("-a"), std::string("A"), std::string("a b"),
          std::string("a_b"), std::string("\xc3\xa4"), std::string(41, 'n')}) {
        CAPTURE(bad);
        CHECK_FALSE(error_of("connectors: [{name: \"" + bad +
                             "\", kind: webhook, url: \"https://x\", secret: s}]")
                        .empty());
    }
}

TEST_CASE("connector settings: an address can break no header") {
    for (const char* bad : {"nobody", "@b", "a@", "a@b@c", "a b@c", "a@b\\r\\nBcc: x@y", "<a@b>",
                            "a@b,c@d", "a@b\\t"}) {
        CAPTURE(bad);
        const std::string error =
            error_of("mail: {url: smtp://m}\nconnectors:\n  - {name: m, kind: mail, from: \"" +
                     std::string(bad) + "\", to: [\"c@d\"]}\n");
        CHECK(error.starts_with("gantry.yaml:3: \"connectors[0].from\""));
    }
}

TEST_CASE("connector settings: a hundred connectors are taken, one more is refused") {
    std::string text = "connectors:\n";
    for (int i = 0; i < 100; ++i) {
        text += "  - {name: c" + std::to_string(i) +
                ", kind: webhook, url: \"https://x\", secret: s}\n";
    }
    CHECK(parse(text)->connectors.size() == 100);
    CHECK_FALSE(error_of(text + "  - {name: last, kind: webhook, url: \"https://x\", secret: s}\n")
                    .empty());
}

TEST_CASE("connector settings: no error quotes a secret") {
    const std::string error = error_of(
        "mail: {url: smtp://m, password: [hunter2]}\n"
        "connectors:\n  - {name: a, kind: mail, secret: hunter2, from: x, to: [y]}\n");
    CHECK_FALSE(error.empty());
    CHECK(error.find("hunter2") == std::string::npos);
}
