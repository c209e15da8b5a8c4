// The mail connector: what a sender's end means for the delivery, and one real SMTP conversation.
#include <thread>

#include "connectors/mail/mail.hpp"
#include "tests/support/raw_listener.hpp"
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using connectors::test::delivery;
using gantry::test::RawListener;
using gantry::test::receive_line;
using gantry::test::send_text;

namespace {

const std::string k_payload =
    R"({"incident":{"number":"INC0000001","title":"disk full","priority":2},"text":"95 %"})";

struct FakeSender final : http::MailSender {
    FakeSender(Result<http::MailReceipt>& next, std::vector<http::Mail>& sent)
        : next_(next), sent_(sent) {}
    Result<http::MailReceipt> send(const http::Mail& mail) override {
        sent_.push_back(mail);
        return next_;
    }
    Result<http::MailReceipt>& next_;
    std::vector<http::Mail>& sent_;
};

std::unique_ptr<Connector> mail_by(std::unique_ptr<http::MailSender> sender, const Clock& clock,
                                   telemetry::Registry& metrics) {
    return make_mail({"mail",
                      "gantry@example.com",
                      {"ops@example.com"},
                      "example.com",
                      std::move(sender),
                      clock,
                      metrics,
                      telemetry::Log::silent()});
}

DeliveryResult deliver(Connector& connector, const std::string& remote_id = "",
                       const std::string& payload = k_payload) {
    Delivery row = delivery(1);
    row.payload = payload;
    return connector.deliver(row, remote_id, Millis{5'000});
}

struct MailWorld {
    MailWorld() : connector(mail_by(std::make_unique<FakeSender>(answer, sent), clock, metrics)) {}
    DeliveryResult failed(ErrorCode code) {
        answer = fail(code, "smtp://mail: it broke");
        return deliver(*connector);
    }
    std::int64_t refused(const char* reason) {
        return metrics
            .counter("gantry_mail_recipients_refused_total",
                     "Recipients that got no copy of a mail that was accepted.",
                     {{"connector", "mail"}, {"reason", reason}})
            .value();
    }
    gantry::test::SimClock clock;
    telemetry::Registry metrics;
    Result<http::MailReceipt> answer{http::MailReceipt{}};
    std::vector<http::Mail> sent;
    std::unique_ptr<Connector> connector;
};

// One conversation with a server that answers `word` so and everything else well.
DeliveryResult converse(const std::string& word, const std::string& reply,
                        std::string* data = nullptr) {
    const RawListener listener;
    std::thread server([&] {
        listener.serve_once([&](int peer) {
            const auto answer = [&](const std::string& to, const std::string& usual) {
                if (to == word && reply == "hang up") {
                    ::shutdown(peer, SHUT_RDWR);
                } else {
                    send_text(peer, (to == word ? reply : usual) + "\r\n");
                }
            };
            answer("greeting", "220 sink");
            bool in_data = false;
            for (std::string line = receive_line(peer); !line.empty() || in_data;
                 line = receive_line(peer)) {
                if (in_data && data != nullptr) *data += line + "\n";
                if (in_data && line != ".") continue;
                if (in_data) {
                    in_data = false;
                    answer("end", "250 queued");
                    continue;
                }
                in_data = line == "DATA" && word != "DATA";
                answer(line.substr(0, 4), line == "DATA" ? "354 go on" : "250 fine");
                if (line == "QUIT") return;
            }
        });
    });
    http::SmtpOptions options;
    options.url = listener.url("smtp", "");
    options.timeout = Millis{5'000};
    const SystemClock clock;
    telemetry::Registry metrics;
    const auto result = deliver(*mail_by(http::make_mail_sender(options), clock, metrics));
    server.join();
    return result;
}

}  // namespace

TEST_CASE("mail: the first accepted mail's Message-ID is the thread, and stays it") {
    MailWorld w;
    const auto first = deliver(*w.connector);
    CHECK(first.outcome == Outcome::accepted);
    REQUIRE(w.sent.size() == 1);
    CHECK(first.remote_id == w.sent[0].message_id);
    const auto later = deliver(*w.connector, first.remote_id);
    CHECK(later.remote_id == first.remote_id);
    CHECK(w.sent[1].in_reply_to == first.remote_id);
}

TEST_CASE("mail: dated by the injected clock") {
    MailWorld w;
    w.clock.advance(Millis{60'000});
    (void)deliver(*w.connector);
    CHECK(w.sent.at(0).date == w.clock.now());
}

TEST_CASE("mail: what the sender says decides") {
    MailWorld w;
    const struct {
        ErrorCode code;
        Outcome outcome;
        Cause cause;
    } rows[] = {
        {ErrorCode::invalid_input, Outcome::rejected, Cause::refused},
        {ErrorCode::forbidden, Outcome::retry_later, Cause::turned_away},
        {ErrorCode::timeout, Outcome::ambiguous, Cause::timeout},
        {ErrorCode::internal, Outcome::ambiguous, Cause::reset},
        {ErrorCode::limit, Outcome::retry_later, Cause::busy},
        {ErrorCode::unavailable, Outcome::retry_later, Cause::connection},
    };
    for (const auto& row : rows) {
        CAPTURE(to_string(row.code));
        const auto result = w.failed(row.code);
        CHECK(result.outcome == row.outcome);
        CHECK(result.cause == row.cause);
        CHECK(result.reason == "smtp://mail: it broke");
        CHECK(result.remote_id.empty());
    }
}

TEST_CASE("mail: with a recipient refused the mail is delivered, and the refusal counted") {
    MailWorld w;
    const std::string text = w.metrics.prometheus_text();
    for (const char* reason : {"temporary", "permanent"}) {
        CHECK(text.find("gantry_mail_recipients_refused_total{connector=\"mail\",reason=\"" +
                        std::string(reason) + "\"} 0") != std::string::npos);
    }
    w.answer = http::MailReceipt{{{"gone@example.com", "550 no such user", false},
                                  {"grey@example.com", "451 grey-listed", true},
                                  {"left@example.com", "550 no such user", false}}};
    const auto result = deliver(*w.connector);
    CHECK(result.outcome == Outcome::accepted);
    CHECK(result.remote_id == w.sent.at(0).message_id);
    CHECK(w.refused("temporary") == 1);
    CHECK(w.refused("permanent") == 2);
}

TEST_CASE("mail: a payload that cannot be understood is dead, and nothing is sent") {
    MailWorld w;
    const auto result = deliver(*w.connector, "", "{}");
    CHECK(result.outcome == Outcome::rejected);
    CHECK(result.cause == Cause::bad_payload);
    CHECK(w.sent.empty());
}

TEST_CASE("mail: a real conversation delivers the mail") {
    std::string data;
    const auto result = converse("", "", &data);
    CHECK(result.outcome == Outcome::accepted);
    CHECK(data.find("Subject: [INC0000001] disk full\n") != std::string::npos);
    CHECK(data.find("Message-ID: <" + result.remote_id + ">\n") != std::string::npos);
    CHECK(data.find("Auto-Submitted: auto-generated\n") != std::string::npos);
}

TEST_CASE("mail: a text that is refused is dead, with the server's words") {
    const auto result = converse("end", "554 looks like spam");
    CHECK(result.outcome == Outcome::rejected);
    CHECK(result.cause == Cause::refused);
    CHECK(result.reason.find("looks like spam") != std::string::npos);
}

TEST_CASE("mail: 5yz before the text would hit every mail: the connector's, and nothing is lost") {
    for (const char* word : {"MAIL", "RCPT"}) {
        CAPTURE(word);
        const auto result = converse(word, "550 relaying denied");
        CHECK(result.outcome == Outcome::retry_later);
        CHECK(blames_connector(result));
        CHECK(result.reason.find("relaying denied") != std::string::npos);
    }
}

TEST_CASE("mail: a server that is gone after the text is ambiguous, and sent again as the same") {
    std::string first;
    std::string second;
    const auto lost = converse("end", "hang up", &first);
    CHECK(lost.outcome == Outcome::ambiguous);
    CHECK(lost.cause == Cause::reset);
    CHECK(converse("", "", &second).outcome == Outcome::accepted);
    const auto message_id = [](const std::string& data) {
        const auto at = data.find("Message-ID: ");
        return data.substr(at, data.find('\n', at) - at);
    };
    CHECK(message_id(first) == message_id(second));
}

TEST_CASE("mail: 4yz is this delivery's, now: the server lives, and the circuit stays closed") {
    for (const char* word : {"MAIL", "RCPT", "end"}) {
        CAPTURE(word);
        const auto result = converse(word, "451 grey-listed");
        CHECK(result.outcome == Outcome::retry_later);
        CHECK(result.cause == Cause::busy);
        CHECK_FALSE(blames_connector(result));
    }
}

TEST_CASE("mail: a server that closes its doors, or is not there, is to blame") {
    const auto closing = converse("greeting", "421 shutting down");
    CHECK(closing.outcome == Outcome::retry_later);
    CHECK(blames_connector(closing));
    http::SmtpOptions options;
    {
        const RawListener gone;
        options.url = gone.url("smtp", "");
    }
    const SystemClock clock;
    telemetry::Registry metrics;
    const auto nobody = deliver(*mail_by(http::make_mail_sender(options), clock, metrics));
    CHECK(nobody.outcome == Outcome::retry_later);
    CHECK(nobody.cause == Cause::connection);
}
