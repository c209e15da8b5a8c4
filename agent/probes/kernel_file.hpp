// KernelFile: a file of /proc or /sys that stays open and is read again from its start (one pread
// per look). Also a cursor over its text. No allocation after the first read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace gantry::agent {

class KernelFile {
public:
    // many: the kernel makes it of many records (mountinfo, diskstats) and hands them out a page at
    // a time, so that only an empty read is its end; of others a short read is.
    enum class Records { one, many };
    explicit KernelFile(std::string path, Records records = Records::one,
                        std::size_t max_bytes = 256 * 1024);
    ~KernelFile();
    KernelFile(const KernelFile&) = delete;
    KernelFile& operator=(const KernelFile&) = delete;

    // Valid until the next read. not_found: no such file; unavailable: any other errno.
    Result<std::string_view> read();

private:
    Result<void> open();
    std::string path_;
    Records records_;
    std::size_t max_bytes_;
    std::string buffer_;
    int fd_ = -1;
};

// A whole small file, opened and closed; at most `max_bytes`, trimmed. Empty when unreadable.
[[nodiscard]] std::string read_small_file(const std::string& path, std::size_t max_bytes = 4096);

// Cuts the next line off `text` (without its line end). False at the end.
bool next_line(std::string_view& text, std::string_view& line);
// Cuts the next word (blank separated) off `text`; empty at the end.
std::string_view next_word(std::string_view& text);
[[nodiscard]] std::optional<std::int64_t> to_integer(std::string_view word);
[[nodiscard]] std::optional<double> to_real(std::string_view word);

}  // namespace gantry::agent
