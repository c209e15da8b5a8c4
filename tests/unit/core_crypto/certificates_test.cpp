#include "core/crypto/certificates.hpp"

#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/crypto/x509.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::crypto;

namespace {

const Instant k_now = from_ms(1'764'000'000'000);
const std::vector<std::string> k_names{"localhost", "gantry.example.com", "127.0.0.1", "::1"};

class Folder {
public:
    [[nodiscard]] std::string tls() const { return directory_.file("tls"); }
    [[nodiscard]] std::string file(const std::string& name) const { return tls() + "/" + name; }
    [[nodiscard]] std::string text(const std::string& name) const {
        std::ifstream in(file(name));
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    [[nodiscard]] mode_t mode(const std::string& name) const {
        struct stat about {};
        REQUIRE(::stat(file(name).c_str(), &about) == 0);
        return about.st_mode & 0777;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name)) << text;
    }

private:
    gantry::test::TemporaryDirectory directory_;
};

Certificate certificate(const Folder& folder, const std::string& name) {
    auto parsed = parse_certificate(folder.text(name));
    REQUIRE(parsed);
    return std::move(*parsed);
}

}  // namespace

TEST_CASE("certificates: a first start makes a CA and a server certificate that it signed") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const auto ca = certificate(folder, "ca.pem");
    const auto server = certificate(folder, "server.pem");
    CHECK(is_issued_by(server.get(), ca.get()));
    CHECK(is_issued_by(ca.get(), ca.get()));
    CHECK(X509_check_ca(ca.get()) == 1);
    CHECK(X509_check_ca(server.get()) == 0);
    CHECK(X509_check_purpose(server.get(), X509_PURPOSE_SSL_SERVER, 0) == 1);
    CHECK(X509_check_private_key(server.get(), parse_key(folder.text("server-key.pem"))->get()));
    CHECK(X509_check_private_key(ca.get(), parse_key(folder.text("ca-key.pem"))->get()));
}

TEST_CASE("certificates: keys are the owner's alone, certificates are for all") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    CHECK(folder.mode("ca-key.pem") == 0600);
    CHECK(folder.mode("server-key.pem") == 0600);
    CHECK((folder.mode("ca.pem") & 0444) == 0444);
    CHECK(folder.mode("") == 0700);
    CHECK_FALSE(std::filesystem::exists(folder.file("ca-key.pem.new")));
}

TEST_CASE("certificates: the server certificate names exactly what was asked for") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const auto server = certificate(folder, "server.pem");
    CHECK(covers(server.get(), k_names));
    CHECK_FALSE(covers(server.get(), {"evil.example.com"}));
    CHECK_FALSE(covers(server.get(), {"127.0.0.2"}));
}

TEST_CASE("certificates: begin a day early and the server's ends before its CA's") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const auto server = certificate(folder, "server.pem");
    const auto early = to_ms(k_now - std::chrono::hours{23}) / 1000;
    CHECK(ASN1_TIME_cmp_time_t(X509_get0_notBefore(server.get()), early) < 0);
    CHECK(valid_until(server.get(), k_now + std::chrono::days{396}));
    CHECK_FALSE(valid_until(server.get(), k_now + std::chrono::days{398}));
    // Near the CA's end the leaf is cut to it.
    const Instant late = k_now + std::chrono::days{3600};
    REQUIRE(ensure_certificates(folder.tls(), k_names, late));
    CHECK_FALSE(
        valid_until(certificate(folder, "server.pem").get(), k_now + std::chrono::days{3651}));
}

TEST_CASE("certificates: serial numbers are positive and random") {
    const Folder one;
    const Folder two;
    REQUIRE(ensure_certificates(one.tls(), k_names, k_now));
    REQUIRE(ensure_certificates(two.tls(), k_names, k_now));
    const auto a = certificate(one, "server.pem");
    const auto b = certificate(two, "server.pem");
    CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(a.get()), X509_get0_serialNumber(b.get())) != 0);
    CHECK((X509_get0_serialNumber(a.get())->type & V_ASN1_NEG) == 0);
}

TEST_CASE("certificates: a second start changes nothing") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const std::string before = folder.text("server.pem") + folder.text("ca.pem");
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now + std::chrono::days{300}));
    CHECK(folder.text("server.pem") + folder.text("ca.pem") == before);
}

TEST_CASE("certificates: the server's is renewed 30 days before its end, the CA stays") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const std::string ca = folder.text("ca.pem");
    const std::string server = folder.text("server.pem");
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now + std::chrono::days{368}));
    CHECK(folder.text("server.pem") != server);
    CHECK(folder.text("ca.pem") == ca);
    CHECK(
        is_issued_by(certificate(folder, "server.pem").get(), certificate(folder, "ca.pem").get()));
}

TEST_CASE("certificates: a new name issues a new server certificate") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), {"localhost"}, k_now));
    REQUIRE(ensure_certificates(folder.tls(), {"localhost", "10.0.0.5"}, k_now));
    CHECK(covers(certificate(folder, "server.pem").get(), {"localhost", "10.0.0.5"}));
}

TEST_CASE("certificates: a crash between key and certificate is completed") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const std::string ca_key = folder.text("ca-key.pem");
    SECTION("of the CA: its key is kept") {
        std::filesystem::remove(folder.file("ca.pem"));
        REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
        CHECK(folder.text("ca-key.pem") == ca_key);
    }
    SECTION("of the server: the pair is issued anew") {
        folder.write("server-key.pem", *key_pem(make_key()->get()));
        REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    }
    const auto server = certificate(folder, "server.pem");
    CHECK(X509_check_private_key(server.get(), parse_key(folder.text("server-key.pem"))->get()));
    CHECK(is_issued_by(server.get(), certificate(folder, "ca.pem").get()));
}

TEST_CASE(
    "certificates: without the CA's key a good certificate serves on, a due one is an error") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    std::filesystem::remove(folder.file("ca-key.pem"));
    CHECK(ensure_certificates(folder.tls(), k_names, k_now));
    const auto due = ensure_certificates(folder.tls(), k_names, k_now + std::chrono::days{390});
    REQUIRE_FALSE(due);
    CHECK(due.error().code == ErrorCode::invalid_input);
    CHECK(due.error().message.find("ca-key.pem") != std::string::npos);
}

TEST_CASE("certificates: a certificate of another authority is never touched") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    const auto key = make_key();
    const Certificate foreign(X509_new());
    X509_set_pubkey(foreign.get(), key->get());
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(foreign.get()), "O", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("Other"), -1, -1, 0);
    ASN1_TIME_set(X509_getm_notBefore(foreign.get()), 0);
    ASN1_TIME_set(X509_getm_notAfter(foreign.get()), 0);
    REQUIRE(X509_sign(foreign.get(), key->get(), EVP_sha256()) > 0);
    folder.write("server.pem", *certificate_pem(foreign.get()));
    SECTION("with its key it is used as it is") {
        folder.write("server-key.pem", *key_pem(key->get()));
        const std::string before = folder.text("server.pem");
        const auto result = ensure_certificates(folder.tls(), k_names, k_now);
        CHECK((result ? "" : result.error().message) == "");
        CHECK(folder.text("server.pem") == before);
    }
    SECTION("with another's key it is an error") {
        const auto result = ensure_certificates(folder.tls(), k_names, k_now);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::corrupt);
        CHECK(result.error().message.find("is not the key of") != std::string::npos);
    }
}

TEST_CASE("certificates: a broken file is named, not overwritten") {
    const Folder folder;
    REQUIRE(ensure_certificates(folder.tls(), k_names, k_now));
    for (const char* name : {"ca.pem", "ca-key.pem", "server.pem", "server-key.pem"}) {
        CAPTURE(name);
        const std::string whole = folder.text(name);
        folder.write(name, "-----BEGIN nothing");
        const auto result = ensure_certificates(folder.tls(), k_names, k_now);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::corrupt);
        CHECK(result.error().message.find(name) != std::string::npos);
        CHECK(folder.text(name) == "-----BEGIN nothing");
        folder.write(name, whole);
    }
}

TEST_CASE("certificates: names that are none are refused") {
    const Folder folder;
    for (const std::string name : {"", "a b", "x\nDNS:evil", "-.-..", ".a", "a.", "1.2.3.4,IP:5"}) {
        CAPTURE(name);
        CHECK(ensure_certificates(folder.tls(), {name}, k_now).error().code ==
              ErrorCode::invalid_input);
    }
    CHECK(ensure_certificates(folder.tls(), {}, k_now).error().code == ErrorCode::invalid_input);
    CHECK_FALSE(std::filesystem::exists(folder.file("ca.pem")));
}
