#include "agent/probes/kernel_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

Error errno_error(const std::string& path, int code) {
    const ErrorCode kind = code == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
    return fail(kind, path + ": " + std::strerror(code));
}

}  // namespace

KernelFile::KernelFile(std::string path, Records records, std::size_t max_bytes)
    : path_(std::move(path)), records_(records), max_bytes_(max_bytes) {}

KernelFile::~KernelFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> KernelFile::open() {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) return errno_error(path_, errno);
    if (buffer_.empty()) buffer_.resize(4096);
    return {};
}

Result<std::string_view> KernelFile::read() {
    if (fd_ < 0) {
        if (auto opened = open(); !opened) return opened.error();
    }
    std::size_t used = 0;
    for (;;) {
        const ssize_t got =
            ::pread(fd_, buffer_.data() + used, buffer_.size() - used, static_cast<off_t>(used));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int code = errno;
            ::close(fd_);  // the next look opens it anew
            fd_ = -1;
            return errno_error(path_, code);
        }
        used += static_cast<std::size_t>(got);
        if (got == 0 || (records_ == Records::one && used < buffer_.size())) break;
        if (used < buffer_.size()) continue;
        if (buffer_.size() >= max_bytes_) break;
        buffer_.resize(buffer_.size() * 2);
    }
    return std::string_view(buffer_.data(), used);
}

std::string read_small_file(const std::string& path, std::size_t max_bytes) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return {};
    std::string out(max_bytes, '\0');
    std::size_t used = 0;
    while (used < max_bytes) {
        const ssize_t got = ::read(fd, out.data() + used, max_bytes - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += static_cast<std::size_t>(got);
    }
    ::close(fd);
    out.resize(used);
    return std::string(trim(out));
}

bool next_line(std::string_view& text, std::string_view& line) {
    if (text.empty()) return false;
    const std::size_t end = text.find('\n');
    line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return true;
}

std::string_view next_word(std::string_view& text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    const std::size_t end = text.find_first_of(" \t", begin);
    const std::string_view word = text.substr(begin, end - begin);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    return word;
}

std::optional<std::int64_t> to_integer(std::string_view word) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

std::optional<double> to_real(std::string_view word) {
    double value = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (code != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

}  // namespace gantry::agent
