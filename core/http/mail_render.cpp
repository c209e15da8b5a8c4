#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "core/base/text.hpp"
#include "core/http/mail.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t k_line = 76;           // RFC 5322 wants 78; RFC 2045 and 2047 want 76
constexpr std::size_t k_longest_word = 900;  // a line may have 998, RFC 5322, 2.1.1
constexpr std::string_view k_word_begin = "=?UTF-8?B?";
constexpr std::string_view k_word_end = "?=";

// A control character becomes a space, so that no value can end its line (header injection).
std::string one_line(std::string_view text) {
    std::string out(is_utf8(text) ? std::string(text) : sanitise(text));
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) c = ' ';
    }
    return std::string(trim(out));
}

// An id or address without what would end it: spaces, controls, angle brackets.
std::string atom(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c > 0x20 && c < 0x7F && c != '<' && c != '>') out += c;
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::vector<unsigned char> out(4 * ((bytes.size() + 2) / 3) + 1);
    const int size =
        EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                        static_cast<int>(bytes.size()));
    return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!(text = trim(text)).empty()) {
        words.push_back(text.substr(0, text.find(' ')));
        text.remove_prefix(words.back().size());
    }
    return words;
}

// Plain text that can be folded at its spaces, and does not look encoded already.
bool needs_encoding(std::string_view text) {
    const bool ascii = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii || text.find("=?") != std::string_view::npos) return true;
    const auto words = words_of(text);
    return std::any_of(words.begin(), words.end(),
                       [](std::string_view word) { return word.size() > k_longest_word; });
}

// Puts `words` on lines of at most k_line, a space between them.
void append_folded(std::string& out, std::string_view name, const std::vector<std::string>& words) {
    out += name;
    out += ':';
    std::size_t column = name.size() + 1;
    bool first = true;
    for (const std::string& word : words) {
        if (!first && column + 1 + word.size() > k_line) {
            out += "\r\n";
            column = 0;
        }
        out += ' ';
        out += word;
        column += 1 + word.size();
        first = false;
    }
    out += "\r\n";
}

// RFC 2047 encoded words, each of whole UTF-8 sequences and within its line.
std::vector<std::string> encoded_words(std::string_view text, std::size_t name_size) {
    std::vector<std::string> words;
    std::size_t column = name_size + 2;
    while (!text.empty()) {
        const std::size_t frame = k_word_begin.size() + k_word_end.size();
        const std::size_t room =
            column + frame + 4 < k_line ? (k_line - column - frame) / 4 * 3 : 0;
        std::string piece = truncate_utf8(text, std::max<std::size_t>(room, 6));
        words.push_back(std::string(k_word_begin) + base64(piece) + std::string(k_word_end));
        text.remove_prefix(piece.size());
        column = 1;
    }
    return words;
}

void append_text_header(std::string& out, std::string_view name, std::string_view value) {
    const std::string clean = one_line(value);
    if (needs_encoding(clean)) {
        append_folded(out, name, encoded_words(clean, name.size()));
        return;
    }
    const auto words = words_of(clean);
    append_folded(out, name, {words.begin(), words.end()});
}

std::vector<std::string> bracketed(const std::vector<std::string>& ids, bool commas) {
    std::vector<std::string> out;
    for (const std::string& id : ids) {
        if (const std::string clean = atom(id); !clean.empty()) out.push_back("<" + clean + ">");
    }
    for (std::size_t i = 0; commas && i + 1 < out.size(); ++i) out[i] += ',';
    return out;
}

// "Wed, 25 Nov 2026 03:05:41 +0000", RFC 5322, 3.3.
std::string mail_date(Instant at) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss<Millis> time{at - day};
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), "%s, %u %s %d %02d:%02d:%02d +0000",
                  days[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                  months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return out.data();
}

void append_escaped(std::string& out, char c) {
    constexpr const char* hex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '=';
    out += hex[byte >> 4];
    out += hex[byte & 15];
}

// Quoted-printable, RFC 2045, 6.7: lines of at most 76, blanks at a line's end escaped.
std::string quoted_printable(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool line_ends =
            i + 1 == text.size() || text[i + 1] == '\n' || text.substr(i + 1, 2) == "\r\n";
        if (c == '\n' || (c == '\r' && text.substr(i, 2) == "\r\n")) {
            if (c == '\r') ++i;
            out += "\r\n";
            column = 0;
            continue;
        }
        const bool blank = c == ' ' || c == '\t';
        const bool plain = (c > 0x20 && c < 0x7F && c != '=') || (blank && !line_ends);
        if (column + (plain ? 1 : 3) > k_line - 1) {  // room for the soft break's "="
            out += "=\r\n";
            column = 0;
        }
        if (plain) {
            out += c;
        } else {
            append_escaped(out, c);
        }
        column += plain ? 1 : 3;
    }
    if (column > 0) out += "\r\n";
    return out;
}

// Fields that a further header may not repeat: they are ours, or they would address the mail.
bool is_reserved(const std::string& name) {
    constexpr std::array<std::string_view, 16> reserved{"date",         "from",
                                                        "to",           "cc",
                                                        "bcc",          "sender",
                                                        "subject",      "message-id",
                                                        "resent-to",    "in-reply-to",
                                                        "references",   "mime-version",
                                                        "content-type", "content-transfer-encoding",
                                                        "resent-bcc",   "resent-cc"};
    const std::string lower = to_lower_ascii(name);
    return std::find(reserved.begin(), reserved.end(), lower) != reserved.end();
}

bool is_field_name(const std::string& name) {
    return !name.empty() && name.size() <= 60 && std::all_of(name.begin(), name.end(), [](char c) {
        return c > 0x20 && c < 0x7F && c != ':';
    });
}

}  // namespace

std::string render_mail(const Mail& mail) {
    std::string out = "Date: " + mail_date(mail.date) + "\r\n";
    append_folded(out, "From", bracketed({mail.from}, false));
    append_folded(out, "To", bracketed(mail.to, true));
    append_text_header(out, "Subject", mail.subject);
    append_folded(out, "Message-ID", bracketed({mail.message_id}, false));
    if (!mail.in_reply_to.empty()) {
        append_folded(out, "In-Reply-To", bracketed({mail.in_reply_to}, false));
    }
    if (!mail.references.empty()) {
        append_folded(out, "References", bracketed(mail.references, false));
    }
    for (const auto& [name, value] : mail.headers) {
        if (is_field_name(name) && !is_reserved(name)) append_text_header(out, name, value);
    }
    out +=
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    out += quoted_printable(is_utf8(mail.text) ? mail.text : sanitise(mail.text));
    return out;
}

}  // namespace gantry::http
