#include "core/crypto/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace gantry::crypto {
namespace {

constexpr std::size_t k_digest_bytes = 32;
constexpr std::size_t k_token_bytes = 32;
constexpr std::size_t k_max_password_bytes = 1024;

using Digest = std::array<unsigned char, k_digest_bytes>;

struct DigestFree {
    void operator()(EVP_MD* md) const { EVP_MD_free(md); }
};

// OpenSSL 3 looks an algorithm up by name on every use of EVP_sha256(); a fetched one skips that.
const EVP_MD* sha256() {
    static const std::unique_ptr<EVP_MD, DigestFree> md(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    if (!md) std::abort();  // an OpenSSL without SHA-256 cannot speak TLS either
    return md.get();
}

void require_sodium() {
    static const int ready = sodium_init();
    if (ready < 0) std::abort();
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string to_hex(const Digest& digest) {
    constexpr const char* hex = "0123456789abcdef";
    std::string out;
    out.reserve(2 * digest.size());
    for (const unsigned char byte : digest) {
        out += hex[byte >> 4];
        out += hex[byte & 15];
    }
    return out;
}

}  // namespace

std::uint64_t SystemRandom::next() {
    std::uint64_t value = 0;
    randombytes_buf(&value, sizeof value);
    return value;
}

Redacted<std::string> random_token(std::string_view prefix, RandomSource& random) {
    std::array<unsigned char, k_token_bytes> secret{};
    for (std::size_t i = 0; i < secret.size();) {
        std::uint64_t word = random.next();
        for (int b = 0; b < 8; ++b, word >>= 8) secret[i++] = static_cast<unsigned char>(word);
    }
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::array<char, sodium_base64_ENCODED_LEN(k_token_bytes, variant)> text{};
    sodium_bin2base64(text.data(), text.size(), secret.data(), secret.size(), variant);
    std::string token = std::string(prefix) + text.data();
    sodium_memzero(secret.data(), secret.size());
    return Redacted<std::string>(std::move(token));
}

std::string uuid_v7(std::int64_t unix_ms, RandomSource& random) {
    const auto time = static_cast<std::uint64_t>(unix_ms) & 0xFFFF'FFFF'FFFFULL;
    const std::uint64_t high = (time << 16) | 0x7000U | (random.next() & 0x0FFFU);
    const std::uint64_t low = 0x8000'0000'0000'0000ULL | (random.next() >> 2);
    constexpr const char* hex = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (int i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
        const std::uint64_t word = i < 16 ? high : low;
        out += hex[(word >> (60 - 4 * (i % 16))) & 15U];
    }
    return out;
}

std::string sha256_hex(std::string_view bytes) {
    Digest digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256(), nullptr) != 1) {
        std::abort();  // out of memory; a wrong digest must never leave here
    }
    return to_hex(digest);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    Digest digest{};
    unsigned int length = 0;
    if (HMAC(sha256(), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(),
             digest.data(), &length) == nullptr) {
        std::abort();
    }
    return to_hex(digest);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::string> hash_password(const Redacted<std::string>& password) {
    require_sodium();
    const std::string& text = password.reveal();
    if (text.empty() || text.size() > k_max_password_bytes) {
        return fail(ErrorCode::invalid_input, "a password has 1 to 1024 bytes");
    }
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str_alg(
            hash.data(), text.data(), text.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return fail(ErrorCode::unavailable, "not enough memory to hash a password (64 MiB)");
    }
    return std::string(hash.data());
}

bool verify_password(const std::string& hash, const Redacted<std::string>& password) {
    require_sodium();
    const std::string& text = password.reveal();
    if (hash.size() >= crypto_pwhash_STRBYTES || text.size() > k_max_password_bytes) return false;
    return crypto_pwhash_str_verify(hash.c_str(), text.data(), text.size()) == 0;
}

}  // namespace gantry::crypto
