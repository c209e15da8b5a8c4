// X.509 in values: what certificates.cpp needs of OpenSSL, and nothing else. Private to
// core/crypto. Not thread-safe per object.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::crypto {

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;

Result<Key> make_key();  // ECDSA P-256
Result<Certificate> make_authority(EVP_PKEY* key, Instant now);
// REQUIRES: `names` pass valid_name.
Result<Certificate> make_server(EVP_PKEY* key, X509* authority, EVP_PKEY* authority_key,
                                const std::vector<std::string>& names, Instant now);

[[nodiscard]] bool valid_name(const std::string& name);  // DNS name or IP address
[[nodiscard]] bool covers(X509* certificate, const std::vector<std::string>& names);
[[nodiscard]] bool valid_until(X509* certificate, Instant at);
[[nodiscard]] bool is_issued_by(X509* certificate, X509* authority);  // the signature verifies
[[nodiscard]] bool is_of_house(X509* certificate);  // issued by a CA that make_authority made

Result<std::string> key_pem(EVP_PKEY* key);  // PKCS#8, not encrypted
Result<std::string> certificate_pem(X509* certificate);
// Errors: corrupt.
Result<Key> parse_key(std::string_view pem);
Result<Certificate> parse_certificate(std::string_view pem);

}  // namespace gantry::crypto
