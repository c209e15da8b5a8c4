#include "core/crypto/x509.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace gantry::crypto {
namespace {

constexpr const char* k_organisation = "Gantry";
constexpr auto k_backdated = std::chrono::hours{24};  // endpoints' clocks are not ours
constexpr auto k_authority_life = std::chrono::days{3650};
constexpr auto k_server_life = std::chrono::days{397};  // the most that browsers accept

struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

struct NamesFree {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using Names = std::unique_ptr<GENERAL_NAMES, NamesFree>;

// OpenSSL's reason for the last failure; empties its queue, which is the thread's.
Error failure(const std::string& what) {
    std::array<char, 256> text{};
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return fail(ErrorCode::internal, what);
    ERR_error_string_n(code, text.data(), text.size());
    return fail(ErrorCode::internal, what + ": " + text.data());
}

std::time_t seconds(Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

// 159 random bits: positive and at most 20 octets (RFC 5280, 4.1.2.2).
bool set_random_serial(X509* certificate) {
    std::array<unsigned char, 20> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);
    BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
    if (number == nullptr) return false;
    const bool done = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return done;
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.c_str());
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, -1, -1, 0) == 1;
}

// REQUIRES: `value` is a constant of this file, never input: OpenSSL parses it as configuration.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    if (extension == nullptr) return false;
    const bool done = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

ASN1_OCTET_STRING* parse_ip(const std::string& name) { return a2i_IPADDRESS(name.c_str()); }

GENERAL_NAME* make_general_name(const std::string& name) {
    GENERAL_NAME* general = GENERAL_NAME_new();
    if (general == nullptr) return nullptr;
    if (ASN1_OCTET_STRING* address = parse_ip(name)) {
        GENERAL_NAME_set0_value(general, GEN_IPADD, address);
        return general;
    }
    ERR_clear_error();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (text == nullptr || ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1) {
        ASN1_IA5STRING_free(text);
        GENERAL_NAME_free(general);
        return nullptr;
    }
    GENERAL_NAME_set0_value(general, GEN_DNS, text);
    return general;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
    const Names list(GENERAL_NAMES_new());
    if (!list) return false;
    for (const std::string& name : names) {
        GENERAL_NAME* general = make_general_name(name);
        if (general == nullptr || sk_GENERAL_NAME_push(list.get(), general) == 0) {
            GENERAL_NAME_free(general);
            return false;
        }
    }
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1;
}

bool set_basics(X509* certificate, EVP_PKEY* key, Instant now, Instant until) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - k_backdated)) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr &&
           X509_set_pubkey(certificate, key) == 1;
}

bool is_dns_name(const std::string& name) {
    if (name.empty() || name.size() > 253 || name.front() == '.' || name.back() == '.') {
        return false;
    }
    std::size_t label = 0;
    for (const char c : name) {
        const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
        if (!word && c != '.') return false;
        if (c == '.' && label == 0) return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63) return false;
    }
    return true;
}

Bio reader(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string contents(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

Result<Key> make_key() {
    Key key(EVP_EC_gen("P-256"));
    if (!key) return failure("make an ECDSA key");
    return key;
}

Result<Certificate> make_authority(EVP_PKEY* key, Instant now) {
    Certificate certificate(X509_new());
    if (!certificate || !set_basics(certificate.get(), key, now, now + k_authority_life)) {
        return failure("make a CA certificate");
    }
    X509* const made = certificate.get();
    // The serial's first digits tell two authorities of two installations apart in a trust store.
    BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(made), nullptr);
    char* digits = serial != nullptr ? BN_bn2hex(serial) : nullptr;
    const std::string label = digits != nullptr ? std::string(digits).substr(0, 8) : "";
    OPENSSL_free(digits);
    BN_free(serial);
    X509_NAME* name = X509_get_subject_name(made);
    const bool done =
        add_name(name, "O", k_organisation) && add_name(name, "CN", "Gantry CA " + label) &&
        X509_set_issuer_name(made, name) == 1 &&
        add_extension(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(made, made, NID_subject_key_identifier, "hash") &&
        X509_sign(made, key, EVP_sha256()) > 0;
    if (!done) return failure("sign a CA certificate");
    return certificate;
}

Result<Certificate> make_server(EVP_PKEY* key, X509* authority, EVP_PKEY* authority_key,
                                const std::vector<std::string>& names, Instant now) {
    Certificate certificate(X509_new());
    if (!certificate || !set_basics(certificate.get(), key, now, now + k_server_life)) {
        return failure("make a server certificate");
    }
    X509* const made = certificate.get();
    // A leaf that outlives its authority is refused by strict clients.
    const ASN1_TIME* last = X509_get0_notAfter(authority);
    if (ASN1_TIME_compare(X509_get0_notAfter(made), last) > 0) X509_set1_notAfter(made, last);
    X509_NAME* name = X509_get_subject_name(made);
    const bool done =
        add_name(name, "O", k_organisation) && add_name(name, "CN", "Gantry server") &&
        X509_set_issuer_name(made, X509_get_subject_name(authority)) == 1 &&
        add_extension(made, authority, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(made, authority, NID_key_usage, "critical,digitalSignature") &&
        add_extension(made, authority, NID_ext_key_usage, "serverAuth") &&
        add_extension(made, authority, NID_subject_key_identifier, "hash") &&
        add_extension(made, authority, NID_authority_key_identifier, "keyid:always") &&
        add_alternative_names(made, names) && X509_sign(made, authority_key, EVP_sha256()) > 0;
    if (!done) return failure("sign a server certificate");
    return certificate;
}

bool valid_name(const std::string& name) {
    ASN1_OCTET_STRING* address = parse_ip(name);
    const bool is_ip = address != nullptr;
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return is_ip || is_dns_name(name);
}

bool covers(X509* certificate, const std::vector<std::string>& names) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return X509_check_ip_asc(certificate, name.c_str(), 0) == 1 ||
               X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
    });
}

bool valid_until(X509* certificate, Instant at) {
    return ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), seconds(at)) > 0;
}

bool is_issued_by(X509* certificate, X509* authority) {
    const bool verified = X509_check_issued(authority, certificate) == X509_V_OK &&
                          X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
    ERR_clear_error();
    return verified;
}

bool is_of_house(X509* certificate) {
    std::array<char, 64> text{};
    X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_organizationName, text.data(),
                              static_cast<int>(text.size()));
    return std::string_view(text.data()) == k_organisation;
}

Result<std::string> key_pem(EVP_PKEY* key) {
    const Bio out(BIO_new(BIO_s_secmem()));
    if (!out ||
        PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return failure("write a key");
    }
    return contents(out.get());
}

Result<std::string> certificate_pem(X509* certificate) {
    const Bio out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_X509(out.get(), certificate) != 1) {
        return failure("write a certificate");
    }
    return contents(out.get());
}

Result<Key> parse_key(std::string_view pem) {
    const Bio in = reader(pem);
    // An encrypted key must fail, not ask for its password on the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    Key key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr) : nullptr);
    ERR_clear_error();
    if (!key) return fail(ErrorCode::corrupt, "holds no private key in PEM that can be read");
    return key;
}

Result<Certificate> parse_certificate(std::string_view pem) {
    const Bio in = reader(pem);
    Certificate certificate(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
    ERR_clear_error();
    if (!certificate) return fail(ErrorCode::corrupt, "holds no certificate in PEM");
    return certificate;
}

}  // namespace gantry::crypto
