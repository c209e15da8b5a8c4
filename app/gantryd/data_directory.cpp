#include "app/gantryd/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/crypto/crypto.hpp"
#include "core/records/access.hpp"

namespace gantry::app {
namespace {

Error failed(const std::string& what, const std::string& path) {
    return fail(ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno));
}

Result<void> write_private(const std::string& path, const std::string& content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return failed("cannot write", path);
    const bool written =
        ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
        ::fsync(file) == 0;
    ::close(file);
    if (!written) return failed("cannot write", path);
    return {};
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        return fail(ErrorCode::unavailable, "cannot make " + path + ": " + error.message());
    }
    ::chmod(path.c_str(), 0700);
    const std::string lock_file = path + "/lock";
    const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return failed("cannot open", lock_file);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return fail(ErrorCode::conflict, "another gantryd works on " + path);
    }
    return DataDirectory(std::filesystem::absolute(path).string(), lock);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

Result<void> DataDirectory::ensure_admin_token(storage::Connection& connection,
                                               RandomSource& random, Instant now) const {
    const std::string path = file("admin.token");
    if (::access(path.c_str(), F_OK) == 0) return {};
    const auto secret = crypto::random_token("gantry_api_", random);
    records::Token token;
    token.kind = records::TokenKind::api;
    token.label = "admin";
    token.role = Role::admin;
    token.all_organisations = true;
    token.organisation = OrganisationId{1};
    token.created_at = now;
    // The file gets its name when the token counts: a crash leaves a token that nobody knows, never
    // a file that opens nothing, and a full disk leaves neither.
    const std::string temporary = path + ".new";
    auto transaction = storage::Transaction::begin(connection);
    if (!transaction) return transaction.error();
    auto inserted = records::insert_token(connection, token, crypto::sha256_hex(secret.reveal()));
    if (!inserted) return inserted.error();
    if (auto done = write_private(temporary, secret.reveal() + "\n"); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot write", path);
    return {};
}

}  // namespace gantry::app
