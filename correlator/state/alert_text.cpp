#include "correlator/state/alert_text.hpp"

#include <cstring>

namespace gantry::correlator {
namespace {

std::size_t varint_size(std::size_t value) {
    std::size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) ++bytes;
    return bytes;
}

char* put_varint(char* out, std::size_t value) {
    for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
    *out++ = static_cast<char>(value);
    return out;
}

char* put_text(char* out, std::string_view text) {
    out = put_varint(out, text.size());
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

std::size_t text_size(std::string_view text) { return varint_size(text.size()) + text.size(); }

// Reads what put_* wrote; only ever over bytes of our own making.
class Reader {
public:
    explicit Reader(const char* at) : at_(at) {}
    std::size_t number() {
        if (const auto first = static_cast<unsigned char>(*at_); first < 0x80) {
            ++at_;
            return first;
        }
        std::size_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            value |= static_cast<std::size_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
    }
    std::string_view text() {
        const auto size = number();
        const std::string_view out(at_, size);
        at_ += size;
        return out;
    }
    // Steps over the next text; was it this one?
    bool is(std::string_view wanted) {
        const auto next = text();
        return next == wanted;
    }
    void skip_texts(int count) {
        for (; count > 0; --count) text();
    }

private:
    const char* at_;
};

}  // namespace

AlertText::AlertText(std::string_view source, std::string_view key, std::string_view summary,
                     const Labels& labels) {
    auto size =
        text_size(source) + text_size(key) + text_size(summary) + varint_size(labels.size());
    for (const auto& [name, value] : labels) size += text_size(name) + text_size(value);
    bytes_.reset(new char[size]);
    char* out = put_text(bytes_.get(), source);
    out = put_text(out, key);
    out = put_text(out, summary);
    out = put_varint(out, labels.size());
    for (const auto& [name, value] : labels) out = put_text(put_text(out, name), value);
}

bool AlertText::same_key(std::string_view source, std::string_view key) const {
    Reader reader(bytes_.get());
    return reader.is(source) && reader.is(key);
}

bool AlertText::same_content(std::string_view summary, const Labels& labels) const {
    Reader reader(bytes_.get());
    reader.skip_texts(2);
    if (!reader.is(summary) || reader.number() != labels.size()) return false;
    for (const auto& [name, value] : labels) {
        if (!reader.is(name) || !reader.is(value)) return false;
    }
    return true;
}

std::string_view AlertText::source() const { return Reader(bytes_.get()).text(); }

std::string_view AlertText::key() const {
    Reader reader(bytes_.get());
    reader.skip_texts(1);
    return reader.text();
}

std::string_view AlertText::summary() const {
    Reader reader(bytes_.get());
    reader.skip_texts(2);
    return reader.text();
}

Labels AlertText::labels() const {
    Reader reader(bytes_.get());
    reader.skip_texts(3);
    Labels out(reader.number());
    for (auto& [name, value] : out) {
        name = reader.text();
        value = reader.text();
    }
    return out;
}

}  // namespace gantry::correlator
