#include "core/base/random.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <set>

using namespace gantry;

namespace {

// Gives what it was told to, in order.
class Script final : public RandomSource {
public:
    explicit Script(std::deque<std::uint64_t> draws) : draws_(std::move(draws)) {}
    std::uint64_t next() override {
        REQUIRE_FALSE(draws_.empty());
        const std::uint64_t out = draws_.front();
        draws_.pop_front();
        return out;
    }

private:
    std::deque<std::uint64_t> draws_;
};

}  // namespace

TEST_CASE("random: 128 bits are always 32 digits, the first draw first") {
    Script script({0, 0, 1, 0xabcdef0123456789, ~0ULL, ~0ULL, 0x8000000000000000, 2});
    CHECK(random_hex128(script) == "00000000000000000000000000000000");
    CHECK(random_hex128(script) == "0000000000000001abcdef0123456789");
    CHECK(random_hex128(script) == "ffffffffffffffffffffffffffffffff");
    CHECK(random_hex128(script) == "80000000000000000000000000000002");
}

TEST_CASE("random: 128 bits do not come twice, and a seed repeats them") {
    SeededRandom random(1);
    SeededRandom same(1);
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) {
        const std::string id = random_hex128(random);
        CHECK(seen.insert(id).second);
        CHECK(id == random_hex128(same));
    }
}

TEST_CASE("random: below its bound, and nothing below nothing") {
    Script script({0, 9, 10, ~0ULL});
    CHECK(script.below(10) == 0);
    CHECK(script.below(10) == 9);
    CHECK(script.below(10) == 0);
    CHECK(script.below(1) == 0);
    CHECK(script.below(0) == 0);
}

TEST_CASE("random: a unit is never one") {
    Script script({0, ~0ULL, 1ULL << 63});
    CHECK(script.unit() == 0.0);
    const double most = script.unit();
    CHECK(most < 1.0);
    CHECK(most > 0.999999);
    CHECK(script.unit() == 0.5);
}
