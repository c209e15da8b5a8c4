#include "core/http/mail.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "core/http/curl_handle.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t k_max_address_bytes = 254;  // RFC 5321, 4.5.3.1.3, without the brackets
constexpr std::size_t k_max_recipients = 100;     // RFC 5321, 4.5.3.1.8: what a server must take
constexpr std::size_t k_max_reply_bytes = 512;
constexpr auto k_connect_timeout = Millis{10'000};

// How far one conversation came, as curl's callbacks tell it.
struct Exchange {
    std::string_view unsent;
    const std::vector<std::string>& recipients;
    std::size_t asked_for = 0;    // recipients named so far
    bool asks_recipient = false;  // the last command named one
    MailReceipt receipt{};
    bool text_handed_over = false;  // whole: from here on the mail may be on its way
    bool says_goodbye = false;      // QUIT follows a refusal; its answer says nothing
    int refusal = 0;                // 4yz or 5yz in answer to the last command, else 0
    std::string reply{};            // the line of the refusal
};

std::size_t on_read(char* to, std::size_t size, std::size_t count, void* from) {
    auto& exchange = *static_cast<Exchange*>(from);
    const std::size_t bytes = std::min(size * count, exchange.unsent.size());
    std::memcpy(to, exchange.unsent.data(), bytes);
    exchange.unsent.remove_prefix(bytes);
    // Without the end, which curl sends once it was told, a server throws the text away
    // (RFC 5321, 4.1.1.4).
    if (bytes == 0) exchange.text_handed_over = true;
    return bytes;
}

int on_trace(CURL*, curl_infotype kind, char* data, std::size_t size, void* to) {
    if (kind != CURLINFO_HEADER_OUT) return 0;
    auto& exchange = *static_cast<Exchange*>(to);
    const std::string_view command(data, size);
    exchange.says_goodbye = command.starts_with("QUIT");
    if (exchange.says_goodbye) return 0;
    exchange.refusal = 0;
    exchange.asks_recipient = command.starts_with("RCPT TO:");
    if (exchange.asks_recipient) ++exchange.asked_for;
    return 0;
}

void note_recipient(Exchange& exchange) {
    if (!exchange.asks_recipient || exchange.asked_for > exchange.recipients.size()) return;
    exchange.receipt.refused.push_back(
        {exchange.recipients[exchange.asked_for - 1], exchange.reply, exchange.refusal < 500});
}

std::size_t on_reply(char* data, std::size_t size, std::size_t count, void* to) {
    auto& exchange = *static_cast<Exchange*>(to);
    const std::string_view line(data, size * count);
    int code = 0;
    std::from_chars(line.data(), line.data() + std::min<std::size_t>(line.size(), 3), code);
    if (!exchange.says_goodbye && code >= 400 && code < 600) {
        exchange.refusal = code;
        exchange.reply = sanitise(trim(line.substr(0, k_max_reply_bytes)));
        const bool goes_on = line.size() > 3 && line[3] == '-';
        if (!goes_on) note_recipient(exchange);
    }
    return line.size();
}

bool is_temporary(const RefusedRecipient& recipient) { return recipient.temporary; }

bool is_address(std::string_view text) {
    const std::size_t at = text.rfind('@');
    return text.size() <= k_max_address_bytes && at != std::string_view::npos && at > 0 &&
           at + 1 < text.size() && std::all_of(text.begin(), text.end(), [](char c) {
               return c > 0x20 && c < 0x7F && c != '<' && c != '>' && c != ',';
           });
}

std::optional<Error> check(const SmtpOptions& options, const Mail& mail) {
    if (!options.url.starts_with("smtp://") && !options.url.starts_with("smtps://")) {
        return fail(ErrorCode::invalid_input,
                    "\"" + sanitise(options.url) + "\" is no smtp or smtps URL");
    }
    if (mail.to.empty() || mail.to.size() > k_max_recipients) {
        return fail(ErrorCode::invalid_input, "a mail has 1 to 100 recipients");
    }
    if (!is_address(mail.from)) {
        return fail(ErrorCode::invalid_input,
                    "sender \"" + sanitise(mail.from) + "\" is no mail address");
    }
    for (const std::string& address : mail.to) {
        if (!is_address(address)) {
            return fail(ErrorCode::invalid_input,
                        "recipient \"" + sanitise(address) + "\" is no mail address");
        }
    }
    return std::nullopt;
}

class SmtpSender final : public MailSender {
public:
    explicit SmtpSender(SmtpOptions options) : options_(std::move(options)) {}

    Result<MailReceipt> send(const Mail& mail) override {
        if (auto error = check(options_, mail)) return *std::move(error);
        const std::string text = render_mail(mail);
        const std::string from = "<" + mail.from + ">";
        CurlList recipients;
        for (const std::string& address : mail.to) recipients.add("<" + address + ">");
        Exchange exchange{text, mail.to};
        easy_.prepare(options_.ca_file, k_connect_timeout, options_.timeout, error_);
        prepare(from, recipients, exchange);
        const CURLcode code = curl_easy_perform(easy_.get());
        if (code == CURLE_OK) return std::move(exchange.receipt);
        return error_of(code, exchange);
    }

private:
    void prepare(const std::string& from, const CurlList& recipients, Exchange& exchange) {
        easy_.set(CURLOPT_URL, options_.url.c_str());
        easy_.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        easy_.set(CURLOPT_USE_SSL,
                  static_cast<long>(options_.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
        if (!options_.username.empty()) {
            easy_.set(CURLOPT_USERNAME, options_.username.c_str());
            easy_.set(CURLOPT_PASSWORD, options_.password.reveal().c_str());
        }
        easy_.set(CURLOPT_MAIL_FROM, from.c_str());
        easy_.set(CURLOPT_MAIL_RCPT, recipients.get());
        easy_.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
        easy_.set(CURLOPT_UPLOAD, 1L);
        easy_.set(CURLOPT_READFUNCTION, on_read);
        easy_.set(CURLOPT_READDATA, static_cast<void*>(&exchange));
        easy_.set(CURLOPT_HEADERFUNCTION, on_reply);
        easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
        easy_.set(CURLOPT_VERBOSE, 1L);  // nothing is printed: it makes curl tell its commands
        easy_.set(CURLOPT_DEBUGFUNCTION, on_trace);
        easy_.set(CURLOPT_DEBUGDATA, static_cast<void*>(&exchange));
    }

    [[nodiscard]] Error error_of(CURLcode code, const Exchange& exchange) const {
        const std::string where = options_.url + ": ";
        std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        if (exchange.refusal != 0) why += " (\"" + exchange.reply + "\")";
        return fail(judge(code, exchange), where + why);
    }

    static ErrorCode judge(CURLcode code, const Exchange& exchange) {
        if (code == CURLE_URL_MALFORMAT) return ErrorCode::invalid_input;
        if (code == CURLE_LOGIN_DENIED) return ErrorCode::forbidden;
        // 421: the server closes its doors (RFC 5321, 3.8); other 4yz are about this mail, now.
        if (exchange.refusal == 421) return ErrorCode::unavailable;
        const auto& refused = exchange.receipt.refused;
        if (exchange.asks_recipient && std::any_of(refused.begin(), refused.end(), is_temporary)) {
            return ErrorCode::limit;
        }
        if (exchange.refusal >= 500) {
            return exchange.text_handed_over ? ErrorCode::invalid_input : ErrorCode::forbidden;
        }
        if (exchange.refusal >= 400) return ErrorCode::limit;
        if (!exchange.text_handed_over) return ErrorCode::unavailable;
        return code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::timeout : ErrorCode::internal;
    }

    SmtpOptions options_;
    EasyHandle easy_;
    ErrorText error_{};
};

}  // namespace

std::unique_ptr<MailSender> make_mail_sender(SmtpOptions options) {
    return std::make_unique<SmtpSender>(std::move(options));
}

}  // namespace gantry::http
