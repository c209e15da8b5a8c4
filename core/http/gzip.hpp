// gzip bodies through zlib, with a hard bound on what comes out. Private to core/http.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace gantry::http {

// Keeps zlib's 40 KB of state between bodies. Not thread-safe.
class Inflater {
public:
    Inflater();
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // One or several gzip members (RFC 1952). Never holds more than `max_bytes` of output.
    // Errors: limit (more would come out), corrupt (no gzip, cut, or a wrong checksum).
    Result<std::string> inflate(std::string_view packed, std::size_t max_bytes);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Level 1: a report shrinks to a tenth, and the agent's CPU is what is scarce.
std::string gzip(std::string_view plain);

}  // namespace gantry::http
