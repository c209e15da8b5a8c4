#include "core/http/mail.hpp"

#include <sstream>

#include "server_harness.hpp"
#include "tests/support/raw_listener.hpp"

using namespace gantry;
using namespace gantry::http;
using gantry::test::send_text;

namespace {

Mail sample() {
    Mail mail;
    mail.from = "gantry@example.com";
    mail.to = {"ops@example.com"};
    mail.subject = "INC0000001 disk full on web-1";
    mail.message_id = "inc-1.0@gantry";
    mail.text = "The disk is full.\nNow = then.\n";
    mail.date = from_ms(1'764'040'741'123);
    return mail;
}

std::string line_of(const std::string& mail, const std::string& name) {
    const std::size_t begin = mail.find(name + ":");
    if (begin == std::string::npos) return "";
    std::size_t end = mail.find("\r\n", begin);
    while (end + 2 < mail.size() && mail[end + 2] == ' ') end = mail.find("\r\n", end + 2);
    return mail.substr(begin, end - begin);
}

// One SMTP conversation on its own thread: answers a line by how it begins, "greeting", and "end"
// for the end of the text. An answer "" closes the connection, "mute" waits for the other side to.
class SmtpSink {
public:
    using Replies = std::vector<std::pair<std::string, std::string>>;
    explicit SmtpSink(Replies replies = {}) : replies_(std::move(replies)) {
        thread_ = std::thread([this] { listener_.serve_once([this](int peer) { serve(peer); }); });
    }
    ~SmtpSink() {
        if (thread_.joinable()) thread_.join();
    }
    SmtpSink(const SmtpSink&) = delete;
    SmtpSink& operator=(const SmtpSink&) = delete;

    [[nodiscard]] SmtpOptions options() const {
        SmtpOptions out;
        out.url = listener_.url("smtp", "");
        out.timeout = Millis{5'000};
        return out;
    }
    std::string seen() {
        thread_.join();
        return seen_;
    }

private:
    std::string reply(int peer, const std::string& word, const std::string& usual) const {
        std::string text = usual;
        for (const auto& [name, other] : replies_) {
            if (!name.empty() && word.starts_with(name)) text = other;
        }
        if (text.empty()) ::shutdown(peer, SHUT_RDWR);
        if (text.empty() || text == "mute") return text;
        text += "\r\n";
        send_text(peer, text);
        return text;
    }
    void on_line(int peer, const std::string& line) {
        if (in_data_) {
            if (line != ".") return;
            in_data_ = false;
            reply(peer, "end", "250 queued as 7");
            return;
        }
        const std::string word = line.substr(0, 4);
        const std::string said = reply(peer, line,
                                       word == "DATA"   ? "354 go on"
                                       : word == "QUIT" ? "221 bye"
                                                        : "250 fine");
        in_data_ = said.starts_with("354");
    }
    void serve(int peer) {
        reply(peer, "greeting", "220 sink");
        std::string buffer;
        char chunk[4096];
        for (ssize_t got = 0; (got = ::recv(peer, chunk, sizeof chunk, 0)) > 0;) {
            buffer.append(chunk, static_cast<std::size_t>(got));
            for (std::size_t end = 0; (end = buffer.find("\r\n")) != std::string::npos;) {
                const std::string line = buffer.substr(0, end);
                seen_ += line + "\n";
                buffer.erase(0, end + 2);
                on_line(peer, line);
            }
        }
    }

    Replies replies_;
    gantry::test::RawListener listener_;
    std::string seen_;
    bool in_data_ = false;
    std::thread thread_;
};

}  // namespace

TEST_CASE("render_mail: a plain mail, to the byte") {
    CHECK(render_mail(sample()) ==
          "Date: Tue, 25 Nov 2025 03:19:01 +0000\r\n"
          "From: <gantry@example.com>\r\n"
          "To: <ops@example.com>\r\n"
          "Subject: INC0000001 disk full on web-1\r\n"
          "Message-ID: <inc-1.0@gantry>\r\n"
          "MIME-Version: 1.0\r\n"
          "Content-Type: text/plain; charset=utf-8\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n"
          "\r\n"
          "The disk is full.\r\n"
          "Now =3D then.\r\n");
}

TEST_CASE("render_mail: a thread has its references, folded, and further headers") {
    Mail mail = sample();
    mail.in_reply_to = "inc-1.0@gantry";
    mail.references = {"inc-1.0@gantry", "inc-1.1@gantry.example.com", "inc-1.2@gantry.example.com",
                       "inc-1.3@gantry"};
    mail.headers = {{"Auto-Submitted", "auto-generated"}, {"X-Gantry-Incident", "INC0000001"}};
    const std::string out = render_mail(mail);
    CHECK(line_of(out, "In-Reply-To") == "In-Reply-To: <inc-1.0@gantry>");
    CHECK(line_of(out, "References") ==
          "References: <inc-1.0@gantry> <inc-1.1@gantry.example.com>\r\n"
          " <inc-1.2@gantry.example.com> <inc-1.3@gantry>");
    CHECK(line_of(out, "Auto-Submitted") == "Auto-Submitted: auto-generated");
    CHECK(line_of(out, "X-Gantry-Incident") == "X-Gantry-Incident: INC0000001");
}

TEST_CASE("render_mail: a subject beyond ASCII becomes encoded words of whole characters") {
    Mail mail = sample();
    mail.subject = "T\xC3\xBCr";
    CHECK(line_of(render_mail(mail), "Subject") == "Subject: =?UTF-8?B?VMO8cg==?=");
    mail.subject.clear();
    for (int i = 0; i < 40; ++i) mail.subject += "\xE2\x82\xAC";
    const std::string line = line_of(render_mail(mail), "Subject");
    std::istringstream lines(line);
    for (std::string part; std::getline(lines, part);) {
        CHECK(part.size() <= 77);  // with the CR
        // Three-byte characters only: whole ones are base64 without padding.
        CHECK(part.find('=', part.find("?B?") + 3) == part.find("?=", part.find("?B?") + 3) + 1);
    }
    mail.subject = "looks =?UTF-8?Q?encoded?=";
    CHECK(line_of(render_mail(mail), "Subject").find("=?UTF-8?B?") != std::string::npos);
}

TEST_CASE("render_mail: long subjects and many recipients are folded at 76") {
    Mail mail = sample();
    mail.subject.clear();
    mail.to.clear();
    for (int i = 0; i < 30; ++i) {
        mail.subject += "word" + std::to_string(i) + " ";
        mail.to.push_back("person" + std::to_string(i) + "@example.com");
    }
    std::istringstream lines(render_mail(mail));
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 77);
    CHECK(line_of(render_mail(mail), "To").find("<person0@example.com>, <person1@") !=
          std::string::npos);
}

TEST_CASE("render_mail: no value can add a header or end the head") {
    Mail mail = sample();
    mail.from = "a@b\r\nBcc: evil@example.com";
    mail.to = {"x@y>\r\nBcc: <evil@example.com"};
    mail.subject = "hi\r\nBcc: evil@example.com\r\n\r\nbody";
    mail.message_id = "id\r\nBcc: evil";
    mail.in_reply_to = "id>\r\nBcc: evil";
    mail.references = {"a\nBcc: evil"};
    mail.headers = {{"X", "v\r\nBcc: evil"}, {"Bcc", "evil@example.com"}, {"Y\r\nBcc", "evil"},
                    {"Z: a\r\nBcc", "evil"}, {"subject", "again"},        {"", "none"}};
    const std::string out = render_mail(mail);
    const std::string head = out.substr(0, out.find("\r\n\r\n") + 2);
    CHECK(("\r\n" + head).find("\r\nBcc") == std::string::npos);
    CHECK(("\r\n" + head).find("\r\nsubject") == std::string::npos);
    CHECK(head.find('\n') == head.find("\r\n") + 1);
    CHECK(out.substr(head.size()).starts_with("\r\nThe disk is full."));
}

TEST_CASE("render_mail: the text survives quoted-printable in lines of at most 76") {
    Mail mail = sample();
    mail.text = std::string(200, 'a') + "\nblank at end \n\ttab\t\nT\xC3\xBCr\r\n.dot\nno end";
    const std::string out = render_mail(mail);
    const std::string body = out.substr(out.find("\r\n\r\n") + 4);
    CHECK(body == std::string(75, 'a') + "=\r\n" + std::string(75, 'a') + "=\r\n" +
                      std::string(50, 'a') +
                      "\r\nblank at end=20\r\n\ttab=09\r\nT=C3=BCr\r\n.dot\r\nno end\r\n");
}

TEST_CASE("mail: one conversation delivers to all recipients, dots and all") {
    SmtpSink sink;
    Mail mail = sample();
    mail.to = {"a@example.com", "b@example.com"};
    mail.text = ".\n..leading dots\nT\xC3\xBCr\n";
    REQUIRE(make_mail_sender(sink.options())->send(mail));
    const std::string seen = sink.seen();
    CHECK(seen.find("MAIL FROM:<gantry@example.com>") != std::string::npos);
    CHECK(seen.find("RCPT TO:<a@example.com>\n") != std::string::npos);
    CHECK(seen.find("RCPT TO:<b@example.com>\n") != std::string::npos);
    CHECK(seen.find("\n\n..\n...leading dots\nT=C3=BCr\n.\n") != std::string::npos);
}

TEST_CASE("mail: 5yz for the text is for good, before it for all mails, 4yz is not now") {
    const auto send = [](const char* word, const char* reply) {
        const SmtpSink::Replies replies{{word, reply}};
        SmtpSink sink(replies);
        return make_mail_sender(sink.options())->send(sample()).error();
    };
    const Error unknown = send("RCPT", "550 no such user here");
    CHECK(unknown.code == ErrorCode::forbidden);
    CHECK(unknown.message.find("550 no such user here") != std::string::npos);
    CHECK(send("greeting", "554 not you").code == ErrorCode::forbidden);
    CHECK(send("MAIL", "530 log in first").code == ErrorCode::forbidden);
    CHECK(send("DATA", "554 no").code == ErrorCode::forbidden);
    const Error spam = send("end", "554-looks like\r\n554 spam");
    CHECK(spam.code == ErrorCode::invalid_input);
    CHECK(spam.message.find("554 spam") != std::string::npos);
    CHECK(send("MAIL", "450 not now").code == ErrorCode::limit);
    CHECK(send("RCPT", "451 grey-listed").code == ErrorCode::limit);
    CHECK(send("end", "452 disk full").code == ErrorCode::limit);
    CHECK(send("greeting", "421 busy").code == ErrorCode::unavailable);
    CHECK(send("end", "421 closing").code == ErrorCode::unavailable);
}

TEST_CASE("mail: broken off before the text is not sent, after it the mail may be on its way") {
    const auto send = [](const char* word, const char* reply, std::size_t text_bytes = 10) {
        const SmtpSink::Replies replies{{word, reply}};
        SmtpSink sink(replies);
        auto options = sink.options();
        if (std::string_view(reply) == "mute") options.timeout = Millis{200};
        Mail mail = sample();
        mail.text = std::string(text_bytes, 'x');
        return make_mail_sender(options)->send(mail).error().code;
    };
    for (const char* before : {"greeting", "EHLO", "MAIL", "RCPT", "DATA"}) {
        CAPTURE(before);
        CHECK(send(before, "") == ErrorCode::unavailable);
        CHECK(send(before, "mute") == ErrorCode::unavailable);
    }
    CHECK(send("end", "") == ErrorCode::internal);
    CHECK(send("end", "mute") == ErrorCode::timeout);
    CHECK(send("end", "", 1'000'000) == ErrorCode::internal);
}

TEST_CASE("mail: a recipient that is refused keeps the mail from nobody else") {
    Mail mail = sample();
    mail.to = {"gone@example.com", "ops@example.com", "grey@example.com"};
    SmtpSink sink(SmtpSink::Replies{{"RCPT TO:<gone@", "550-we never\r\n550 heard of them"},
                                    {"RCPT TO:<grey@", "451 grey-listed"}});
    const auto sent = make_mail_sender(sink.options())->send(mail);
    REQUIRE(sent);
    REQUIRE(sent->refused.size() == 2);
    CHECK(sent->refused[0].address == "gone@example.com");
    CHECK(sent->refused[0].reply == "550 heard of them");
    CHECK_FALSE(sent->refused[0].temporary);
    CHECK(sent->refused[1].address == "grey@example.com");
    CHECK(sent->refused[1].reply == "451 grey-listed");
    CHECK(sent->refused[1].temporary);
    CHECK(sink.seen().find("The disk is full.\n") != std::string::npos);
}

TEST_CASE("mail: with every recipient refused nothing is sent, and it waits if one may be later") {
    Mail mail = sample();
    mail.to = {"a@example.com", "b@example.com"};
    const auto send = [&mail](const std::string& to_a, const std::string& to_b) {
        SmtpSink sink(SmtpSink::Replies{{"RCPT TO:<a@", to_a}, {"RCPT TO:<b@", to_b}});
        const auto code = make_mail_sender(sink.options())->send(mail).error().code;
        CHECK(sink.seen().find("DATA") == std::string::npos);
        return code;
    };
    CHECK(send("550 no", "550 no") == ErrorCode::forbidden);
    CHECK(send("451 later", "550 no") == ErrorCode::limit);
    CHECK(send("550 no", "451 later") == ErrorCode::limit);
    CHECK(send("550 no", "421 closing") == ErrorCode::unavailable);
}

TEST_CASE("mail: a password that is wrong is told as such, and is in no message") {
    SmtpSink sink(SmtpSink::Replies{{"EHLO", "250-sink\r\n250 AUTH PLAIN"}, {"AUTH", "535 wrong"}});
    auto options = sink.options();
    options.username = "gantry";
    options.password = Redacted<std::string>("hunter2");
    const auto refused = make_mail_sender(options)->send(sample()).error();
    CHECK(refused.code == ErrorCode::forbidden);
    CHECK(refused.message.find("535 wrong") != std::string::npos);
    CHECK(refused.message.find("hunter2") == std::string::npos);
}

TEST_CASE("mail: what QUIT is answered, and a refusal that was got over, do not count") {
    SmtpSink rude(SmtpSink::Replies{{"QUIT", "550 no"}});
    CHECK(make_mail_sender(rude.options())->send(sample()));
    SmtpSink old(SmtpSink::Replies{{"EHLO", "502 what?"}, {"end", ""}});  // HELO is tried then
    CHECK(make_mail_sender(old.options())->send(sample()).error().code == ErrorCode::internal);
}

TEST_CASE("mail: nobody listening is unavailable, TLS that is required and not offered too") {
    SmtpOptions options;
    {
        SmtpSink sink;
        options = sink.options();
        make_mail_sender(options)->send(sample()).value();
    }
    CHECK(make_mail_sender(options)->send(sample()).error().code == ErrorCode::unavailable);
    SmtpSink sink;
    SmtpOptions strict = sink.options();
    strict.require_tls = true;
    CHECK(make_mail_sender(strict)->send(sample()).error().code == ErrorCode::unavailable);
    CHECK(sink.seen().find("DATA") == std::string::npos);
}

TEST_CASE("mail: bad addresses and URLs are refused before anything is sent") {
    SmtpOptions options;
    options.url = "smtp://127.0.0.1:9";
    for (const std::string address :
         {"", "nobody", "@x", "x@", "a b@c", "a@b>\r\nRCPT TO:<x@y", "a@b,c@d", "T\xC3\xBC@x"}) {
        CAPTURE(address);
        Mail mail = sample();
        mail.to = {address};
        CHECK(make_mail_sender(options)->send(mail).error().code == ErrorCode::invalid_input);
        mail = sample();
        mail.from = address;
        CHECK(make_mail_sender(options)->send(mail).error().code == ErrorCode::invalid_input);
    }
    Mail nobody = sample();
    nobody.to.clear();
    CHECK(make_mail_sender(options)->send(nobody).error().code == ErrorCode::invalid_input);
    options.url = "http://127.0.0.1/";
    CHECK(make_mail_sender(options)->send(sample()).error().code == ErrorCode::invalid_input);
}
