// Sending mail: SMTP through libcurl, hidden. The caller gives header fields and a text; lines are
// folded, encoded (RFC 2047, quoted-printable) and dot-stuffed here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::http {

struct SmtpOptions {
    std::string url;  // smtp://host:25, smtps://host:465; STARTTLS when the server offers it
    bool require_tls = false;
    std::string ca_file;
    std::string username;
    Redacted<std::string> password;
    Millis timeout{30'000};
};

struct Mail {
    std::string from;             // address
    std::vector<std::string> to;  // addresses
    std::string subject;
    std::string message_id;   // without < >
    std::string in_reply_to;  // without < >, empty for the first of a thread
    std::vector<std::string> references;
    std::vector<std::pair<std::string, std::string>> headers;  // further ones, ASCII names
    std::string text;                                          // UTF-8, LF line ends
    Instant date{};
};

// Who does not get a mail that the others got.
struct RefusedRecipient {
    std::string address;
    std::string reply;       // the server's line, clean
    bool temporary = false;  // 4yz
};

struct MailReceipt {
    std::vector<RefusedRecipient> refused;  // fewer than all
};

class MailSender {
public:
    virtual ~MailSender() = default;
    // Blocking. ok: the server took responsibility (2xx for the text) for at least one recipient;
    // one that it refuses keeps the mail from nobody else. The message of an error names the reply:
    //   limit              not this mail now (4yz; of recipients: one at least, and none taken)
    //   invalid_input      this text never (5yz for it); or what is asked here is no mail
    //   forbidden          nothing from us, or for none of these recipients (5yz before the text,
    //                      credentials): the next mail would fare no better
    //   unavailable        the server cannot be reached, closes (421) or broke off before it had
    //                      the whole text: nothing was sent
    //   timeout, internal  it had the whole text and did not answer: the mail may be on its way
    virtual Result<MailReceipt> send(const Mail& mail) = 0;
};

std::unique_ptr<MailSender> make_mail_sender(SmtpOptions options);

// The message as it goes over the wire; exposed for golden tests.
std::string render_mail(const Mail& mail);

}  // namespace gantry::http
