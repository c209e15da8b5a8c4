// The only includes of OpenSSL's and libsodium's primitives (TLS streams are core/http's). All
// functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/random.hpp"
#include "core/base/redacted.hpp"
#include "core/base/result.hpp"

namespace gantry::crypto {

// The kernel's randomness. Thread-safe.
class SystemRandom final : public RandomSource {
public:
    std::uint64_t next() override;
};

// 256 bits as base64url without padding (43 characters), with a prefix that scanners recognise:
// "gantry_api_...".
Redacted<std::string> random_token(std::string_view prefix, RandomSource& random);
// UUID version 7 (RFC 9562) from the given time and randomness; 36 characters, lower case.
std::string uuid_v7(std::int64_t unix_ms, RandomSource& random);

std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
// Takes the same time wherever the first difference lies; lengths are not secret.
bool equal_constant_time(std::string_view a, std::string_view b);

// argon2id, libsodium's INTERACTIVE limits (about 64 MiB and a quarter of a second): on a Worker.
// Errors: invalid_input (empty, or over 1,024 bytes), unavailable (no memory for it).
Result<std::string> hash_password(const Redacted<std::string>& password);
// False as well for a hash that is none.
bool verify_password(const std::string& hash, const Redacted<std::string>& password);

}  // namespace gantry::crypto
