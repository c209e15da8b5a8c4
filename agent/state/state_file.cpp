#include "agent/state/state_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace gantry::agent {
namespace {

Error errno_error(const std::string& path, const char* what, int code) {
    const ErrorCode kind = code == ENOENT   ? ErrorCode::not_found
                           : code == ENOSPC ? ErrorCode::limit
                                            : ErrorCode::unavailable;
    return fail(kind, path + ": " + what + ": " + std::strerror(code));
}

// Closes on every way out.
struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

Result<void> write_all(int fd, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return errno_error(path, "write", errno);
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

void flush_directory(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Descriptor held{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (held.fd >= 0) ::fsync(held.fd);
}

}  // namespace

Result<void> write_state_file(const std::string& path, std::string_view text, Flush flush) {
    const std::string temporary = path + ".new";
    {
        const Descriptor out{
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        if (out.fd < 0) return errno_error(temporary, "open", errno);
        if (::fchmod(out.fd, 0600) != 0) return errno_error(temporary, "chmod", errno);
        if (auto wrote = write_all(out.fd, temporary, text); !wrote) return wrote.error();
        if (flush == Flush::durable && ::fsync(out.fd) != 0) {
            return errno_error(temporary, "flush", errno);
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error(path, "rename", errno);
    if (flush == Flush::durable) flush_directory(path);
    return {};
}

Result<std::string> read_state_file(const std::string& path) {
    const Descriptor in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (in.fd < 0) return errno_error(path, "open", errno);
    std::string out;
    char buffer[8192];
    for (;;) {
        const ssize_t got = ::read(in.fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error(path, "read", errno);
        if (got == 0) return out;
        out.append(buffer, static_cast<std::size_t>(got));
        if (out.size() > k_max_state_file_bytes) {
            return fail(ErrorCode::limit, path + ": larger than 1 MiB");
        }
    }
}

}  // namespace gantry::agent
