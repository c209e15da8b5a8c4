#include "core/http/mail.hpp"

#include <algorithm>
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

struct Exchange {
    std::string_view unsent;
    std::string reply;  // the server's last refusal
};

std::size_t on_read(char* to, std::size_t size, std::size_t count, void* from) {
    auto& exchange = *static_cast<Exchange*>(from);
    const std::size_t bytes = std::min(size * count, exchange.unsent.size());
    std::memcpy(to, exchange.unsent.data(), bytes);
    exchange.unsent.remove_prefix(bytes);
    return bytes;
}

std::size_t on_reply(char* data, std::size_t size, std::size_t count, void* to) {
    const std::string_view line(data, size * count);
    // The QUIT that follows a refusal is answered too, but that says nothing.
    if (line.starts_with('4') || line.starts_with('5')) {
        static_cast<Exchange*>(to)->reply = sanitise(trim(line.substr(0, k_max_reply_bytes)));
    }
    return line.size();
}

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

    Result<void> send(const Mail& mail) override {
        if (auto error = check(options_, mail)) return *std::move(error);
        const std::string text = render_mail(mail);
        const std::string from = "<" + mail.from + ">";
        CurlList recipients;
        for (const std::string& address : mail.to) recipients.add("<" + address + ">");
        Exchange exchange{text, ""};
        easy_.prepare(options_.ca_file, k_connect_timeout, options_.timeout, error_);
        prepare(from, recipients, exchange);
        const CURLcode code = curl_easy_perform(easy_.get());
        if (code == CURLE_OK) return {};
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
        easy_.set(CURLOPT_UPLOAD, 1L);
        easy_.set(CURLOPT_READFUNCTION, on_read);
        easy_.set(CURLOPT_READDATA, static_cast<void*>(&exchange));
        easy_.set(CURLOPT_HEADERFUNCTION, on_reply);
        easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    }

    [[nodiscard]] Error error_of(CURLcode code, const Exchange& exchange) const {
        const std::string where = options_.url + ": ";
        std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        if (!exchange.reply.empty()) why += " (\"" + exchange.reply + "\")";
        long reply = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply);
        // A wrong password is an operator's to mend; the mail itself is good and may wait for it.
        if (code == CURLE_LOGIN_DENIED) return fail(ErrorCode::unavailable, where + why);
        if (code == CURLE_URL_MALFORMAT) return fail(ErrorCode::invalid_input, where + why);
        const bool refused = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                             code == CURLE_WEIRD_SERVER_REPLY;
        if (refused && reply >= 500 && reply < 600) {
            return fail(ErrorCode::invalid_input, where + why);
        }
        // 421: the server closes its doors (RFC 5321, 3.8); other 4yz are about this mail, now.
        if (refused && reply >= 400 && reply < 500 && reply != 421) {
            return fail(ErrorCode::limit, where + why);
        }
        if (code == CURLE_OPERATION_TIMEDOUT && !surely_not_sent(easy_.get(), code)) {
            return fail(ErrorCode::timeout, where + why);
        }
        return fail(ErrorCode::unavailable, where + why);
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
