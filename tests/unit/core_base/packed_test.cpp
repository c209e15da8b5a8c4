#include "core/base/packed.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>

using namespace gantry;

namespace {

std::string packed(std::uint64_t value) {
    std::string out;
    PackedWriter(out).number(value);
    return out;
}

}  // namespace

TEST_CASE("packed: numbers and texts come back in their order") {
    constexpr auto k_most = std::numeric_limits<std::uint64_t>::max();
    constexpr auto k_high = std::numeric_limits<std::int64_t>::max();
    constexpr auto k_low = std::numeric_limits<std::int64_t>::min();
    std::string bytes;
    PackedWriter writer(bytes);
    writer.number(0).number(127).number(128).number(k_most).text("").text(std::string(300, 'x'));
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63},
                                     std::int64_t{-64}, std::int64_t{64}, k_high, k_low}) {
        writer.signed_number(value);
    }
    PackedReader reader(bytes);
    CHECK(reader.number() == 0);
    CHECK(reader.number() == 127);
    CHECK(reader.number() == 128);
    CHECK(reader.number() == k_most);
    CHECK(reader.text().empty());
    CHECK(reader.text() == std::string(300, 'x'));
    CHECK(reader.signed_number() == 0);
    CHECK(reader.signed_number() == -1);
    CHECK(reader.signed_number() == 63);
    CHECK(reader.signed_number() == -64);
    CHECK(reader.signed_number() == 64);
    CHECK(reader.signed_number() == k_high);
    CHECK(reader.signed_number() == k_low);
    CHECK(reader.ok());
    CHECK(reader.at_end());
}

TEST_CASE("packed: small numbers take one byte, zigzag ones too") {
    CHECK(packed(127).size() == 1);
    CHECK(packed(128).size() == 2);
    CHECK(packed(std::numeric_limits<std::uint64_t>::max()).size() == 10);
    std::string bytes;
    PackedWriter(bytes).signed_number(-64);
    CHECK(bytes.size() == 1);
}

TEST_CASE("packed: whatever is cut short or too long stops the reader") {
    const auto refused = [](std::string_view bytes, bool text) {
        PackedReader reader(bytes);
        if (text) {
            CHECK(reader.text().empty());
        } else {
            CHECK(reader.number() == 0);
        }
        CHECK_FALSE(reader.ok());
        CHECK(reader.at_end());
        CHECK(reader.number() == 0);  // and stays stopped
        CHECK_FALSE(reader.ok());
    };
    refused("", false);
    refused("\x80", false);
    refused(std::string(9, '\xff') + "\x02", false);  // 65 bits
    refused(std::string(11, '\x80'), false);
    refused("\x05only", true);
    refused(packed(std::numeric_limits<std::uint64_t>::max()) + "x", true);
}
