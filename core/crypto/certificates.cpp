#include "core/crypto/certificates.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "core/crypto/x509.hpp"

namespace gantry::crypto {
namespace {

constexpr auto k_renew_before = std::chrono::days{30};
constexpr mode_t k_secret = 0600;
constexpr mode_t k_public = 0644;
constexpr std::uintmax_t k_max_pem_bytes = 1 << 20;

struct Paths {
    explicit Paths(const std::string& directory)
        : ca(directory + "/ca.pem"),
          ca_key(directory + "/ca-key.pem"),
          server(directory + "/server.pem"),
          server_key(directory + "/server-key.pem") {}
    std::string ca, ca_key, server, server_key;
};

struct Authority {
    Certificate certificate;
    Key key;  // null when the operator took it away
};

Error os_failure(const std::string& path, const char* what) {
    return fail(ErrorCode::unavailable, path + ": " + what + ": " + std::strerror(errno));
}

Result<void> write_all(int file, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return os_failure(path, "write");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) return os_failure(path, "fsync");
    return {};
}

// Whole or not at all: written beside the name with its final mode, then renamed over it.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());  // left by a crash
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return os_failure(beside, "create");
    const Result<void> written = write_all(file, text, beside);
    ::close(file);
    if (!written) return written;
    if (::rename(beside.c_str(), path.c_str()) != 0) return os_failure(path, "rename");
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return os_failure(folder, "open");
    const int synced = ::fsync(directory);
    ::close(directory);
    if (synced != 0) return os_failure(folder, "fsync");
    return {};
}

// nullopt: there is no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error == std::errc::no_such_file_or_directory) return std::optional<std::string>();
    if (error) return fail(ErrorCode::unavailable, path + ": " + error.message());
    if (size > k_max_pem_bytes) return fail(ErrorCode::corrupt, path + ": too large for PEM");
    std::ifstream in(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    in.read(text.data(), static_cast<std::streamsize>(size));
    if (!in) return fail(ErrorCode::unavailable, path + ": cannot be read");
    return std::optional<std::string>(std::move(text));
}

// The parsed file, null when there is none.
template <class Parsed>
Result<Parsed> load(const std::string& path, Result<Parsed> (*parse)(std::string_view)) {
    const auto text = read_file(path);
    if (!text) return text.error();
    if (!text->has_value()) return Parsed();
    Result<Parsed> parsed = parse(**text);
    if (!parsed) return fail(parsed.error().code, path + ": " + parsed.error().message);
    return parsed;
}

Result<void> save_key(const std::string& path, EVP_PKEY* key) {
    const Result<std::string> pem = key_pem(key);
    if (!pem) return pem.error();
    return write_file(path, *pem, k_secret);
}

Result<void> save_certificate(const std::string& path, X509* certificate) {
    const Result<std::string> pem = certificate_pem(certificate);
    if (!pem) return pem.error();
    return write_file(path, *pem, k_public);
}

// The key goes first: a crash between the two leaves a key without certificate, which the next
// start completes.
Result<Authority> load_or_make_authority(const Paths& paths, Instant now) {
    Result<Certificate> certificate = load<Certificate>(paths.ca, parse_certificate);
    if (!certificate) return certificate.error();
    Result<Key> key = load<Key>(paths.ca_key, parse_key);
    if (!key) return key.error();
    if (*certificate != nullptr) {
        if (*key != nullptr && X509_check_private_key(certificate->get(), key->get()) != 1) {
            return fail(ErrorCode::corrupt, paths.ca_key + ": is not the key of " + paths.ca);
        }
        return Authority{std::move(*certificate), std::move(*key)};
    }
    if (*key == nullptr) {
        key = make_key();
        if (!key) return key.error();
        if (const auto saved = save_key(paths.ca_key, key->get()); !saved) return saved.error();
    }
    certificate = make_authority(key->get(), now);
    if (!certificate) return certificate.error();
    if (const auto saved = save_certificate(paths.ca, certificate->get()); !saved) {
        return saved.error();
    }
    return Authority{std::move(*certificate), std::move(*key)};
}

Result<void> issue_server(const Paths& paths, const Authority& authority,
                          const std::vector<std::string>& names, Instant now) {
    if (authority.key == nullptr) {
        return fail(ErrorCode::invalid_input,
                    paths.ca_key + ": needed to renew " + paths.server + ", but missing");
    }
    if (!valid_until(authority.certificate.get(), now)) {
        return fail(ErrorCode::invalid_input,
                    paths.ca + ": has expired; move it away to make a new one");
    }
    const Result<Key> key = make_key();
    if (!key) return key.error();
    const Result<Certificate> certificate =
        make_server(key->get(), authority.certificate.get(), authority.key.get(), names, now);
    if (!certificate) return certificate.error();
    if (const auto saved = save_key(paths.server_key, key->get()); !saved) return saved.error();
    return save_certificate(paths.server, certificate->get());
}

Result<void> make_folder(const std::string& directory) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(directory, error);
    if (error) return fail(ErrorCode::unavailable, directory + ": " + error.message());
    if (made && ::chmod(directory.c_str(), 0700) != 0) return os_failure(directory, "chmod");
    return {};
}

Result<void> check_names(const std::vector<std::string>& names) {
    if (names.empty()) return fail(ErrorCode::invalid_input, "a certificate needs a name");
    for (const std::string& name : names) {
        if (!valid_name(name)) {
            return fail(ErrorCode::invalid_input,
                        "\"" + name + "\" is neither a host name nor an IP address");
        }
    }
    return {};
}

}  // namespace

Result<void> ensure_certificates(const std::string& directory,
                                 const std::vector<std::string>& names, Instant now) {
    if (const auto checked = check_names(names); !checked) return checked;
    if (const auto made = make_folder(directory); !made) return made;
    const Paths paths(directory);
    const Result<Authority> authority = load_or_make_authority(paths, now);
    if (!authority) return authority.error();
    const Result<Certificate> server = load<Certificate>(paths.server, parse_certificate);
    if (!server) return server.error();
    if (*server == nullptr) return issue_server(paths, *authority, names, now);

    const Result<Key> key = load<Key>(paths.server_key, parse_key);
    if (!key) return key.error();
    const bool fits = *key != nullptr && X509_check_private_key(server->get(), key->get()) == 1;
    if (!is_of_house(server->get())) {
        if (fits) return {};
        return fail(ErrorCode::corrupt, paths.server_key + ": is not the key of " + paths.server);
    }
    const bool good = fits && is_issued_by(server->get(), authority->certificate.get()) &&
                      valid_until(server->get(), now + k_renew_before) &&
                      covers(server->get(), names);
    if (good) return {};
    return issue_server(paths, *authority, names, now);
}

}  // namespace gantry::crypto
