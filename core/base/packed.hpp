// Packed: numbers and texts behind one another in few bytes. A number is a LEB128 varint (a signed
// one zigzag, as protobuf's sint64), a text has its length before it. Nothing names its type: a
// reader must read what was written, in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry {

// Appends to a string that outlives it.
class PackedWriter {
public:
    explicit PackedWriter(std::string& out) : out_(out) {}

    PackedWriter& number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
        out_.push_back(static_cast<char>(value));
        return *this;
    }
    PackedWriter& signed_number(std::int64_t value) {
        return number((static_cast<std::uint64_t>(value) << 1) ^
                      static_cast<std::uint64_t>(value >> 63));
    }
    PackedWriter& text(std::string_view value) {
        number(value.size());
        out_.append(value);
        return *this;
    }

private:
    std::string& out_;
};

// Reads bytes of any origin: past the end, or at a number of more than 64 bits, everything is 0 or
// empty and ok() stays false.
class PackedReader {
public:
    explicit PackedReader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::uint64_t number() {
        if (at_ != end_) {
            if (const auto first = static_cast<unsigned char>(*at_); first < 0x80) {
                ++at_;
                return first;
            }
        }
        return long_number();
    }
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
    }
    // A view into the bytes.
    std::string_view text() {
        const std::uint64_t size = number();
        if (size > static_cast<std::uint64_t>(end_ - at_)) {
            stop();
            return {};
        }
        const std::string_view out(at_, static_cast<std::size_t>(size));
        at_ += size;
        return out;
    }
    [[nodiscard]] std::string_view rest() const {
        return {at_, static_cast<std::size_t>(end_ - at_)};
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ == end_; }

private:
    std::uint64_t long_number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            if (shift == 63 && byte > 1) break;
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        stop();
        return 0;
    }
    void stop() {
        ok_ = false;
        at_ = end_;
    }

    const char* at_;
    const char* end_;
    bool ok_ = true;
};

}  // namespace gantry
