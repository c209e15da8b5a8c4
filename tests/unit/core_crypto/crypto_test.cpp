#include "core/crypto/crypto.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace gantry;
using namespace gantry::crypto;

TEST_CASE("sha256: gives the digests of FIPS 180-4") {
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex(std::string("a\0b", 3)) != sha256_hex("a"));
}

TEST_CASE("hmac: gives the codes of RFC 4231") {
    CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256_hex(std::string(131, '\xaa'),
                          "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hmac_sha256_hex("", "").size() == 64);
}

TEST_CASE("random_token: carries its prefix and 256 bits, and never repeats") {
    SystemRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = random_token("gantry_api_", random).reveal();
        CHECK(token.size() == 11 + 43);
        CHECK(token.starts_with("gantry_api_"));
        CHECK(token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_") == std::string::npos);
        seen.insert(token);
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("random_token: the same randomness gives the same token") {
    SeededRandom a(7);
    SeededRandom b(7);
    CHECK(random_token("t_", a) == random_token("t_", b));
}

TEST_CASE("uuid_v7: has the time, the version and the variant in their places") {
    SeededRandom random(1);
    // RFC 9562, appendix A.6: 0x017F22E279B0 is 2022-02-22T19:22:22Z.
    const std::string id = uuid_v7(0x017F22E279B0, random);
    REQUIRE(id.size() == 36);
    CHECK(id.substr(0, 13) == "017f22e2-79b0");
    CHECK(id[14] == '7');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
    CHECK(id[8] == '-');
    CHECK(id[18] == '-');
    CHECK(id[23] == '-');
}

TEST_CASE("uuid_v7: sorts by time and differs within a millisecond") {
    SystemRandom random;
    CHECK(uuid_v7(1'764'000'000'000, random) < uuid_v7(1'764'000'000'001, random));
    CHECK(uuid_v7(5, random) != uuid_v7(5, random));
}

TEST_CASE("equal_constant_time: equal means same length and same bytes") {
    CHECK(equal_constant_time("", ""));
    CHECK(equal_constant_time("secret", "secret"));
    CHECK_FALSE(equal_constant_time("secret", "secreT"));
    CHECK_FALSE(equal_constant_time("secret", "secret2"));
    CHECK_FALSE(equal_constant_time("", "x"));
}

TEST_CASE("password: the right one verifies, a wrong one and a broken hash do not") {
    const Redacted<std::string> right(std::string("correct horse"));
    const auto hash = hash_password(right);
    REQUIRE(hash);
    CHECK(hash->starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
    CHECK(verify_password(*hash, right));
    CHECK_FALSE(verify_password(*hash, Redacted<std::string>("correct horsf")));
    CHECK_FALSE(verify_password("", right));
    CHECK_FALSE(verify_password("plain", right));
    CHECK_FALSE(verify_password(std::string(4096, '$'), right));
}

TEST_CASE("password: empty and oversized ones are refused") {
    CHECK(hash_password(Redacted<std::string>("")).error().code == ErrorCode::invalid_input);
    const Redacted<std::string> huge(std::string(1025, 'x'));
    CHECK(hash_password(huge).error().code == ErrorCode::invalid_input);
    CHECK_FALSE(verify_password("$argon2id$", huge));
}
