// Small files of the state directory, written so that a reader sees the old or the new text, never
// a half, whatever happens: temporary file, flush, rename, flush of the directory. Mode 0600.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace gantry::agent {

inline constexpr std::size_t k_max_state_file_bytes = 1 << 20;

// durable: on disk when it returns; otherwise only atomic (status files).
enum class Flush { durable, lazy };
Result<void> write_state_file(const std::string& path, std::string_view text, Flush flush);
// not_found when there is none; limit when it is larger than k_max_state_file_bytes.
Result<std::string> read_state_file(const std::string& path);

}  // namespace gantry::agent
