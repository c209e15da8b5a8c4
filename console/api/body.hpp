// Body: the JSON object that a write brings, read key by key with bounds (nlohmann-json inside).
// The first fault is kept and names the key; at the end, keys that nobody asked for are refused
// with the nearest valid one. Texts come out sanitised (no control characters, valid UTF-8).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/text.hpp"
#include "core/http/message.hpp"

namespace gantry::console {

// Content-Type is JSON, or absent.
[[nodiscard]] bool has_json_type(const http::Request& request);

class Body {
public:
    // An empty body is an empty object. invalid_input: no JSON, no object, or nested too deep.
    static Result<Body> read(const http::Request& request);
    Body(Body&&) noexcept;
    Body& operator=(Body&&) noexcept;
    ~Body();

    [[nodiscard]] bool has(const char* key);     // there, and not null
    [[nodiscard]] bool stands(const char* key);  // there, null or not
    void require(const char* key);               // a fault when absent, null or an empty text
    // Absent and null leave `out` alone. Length in bytes, as given and as sanitised; line breaks
    // only where `lines`.
    void text(const char* key, std::string& out, std::size_t max_bytes, bool lines = false);
    void flag(const char* key, bool& out);
    void number(const char* key, std::int64_t& out, std::int64_t min, std::int64_t max);
    template <class Enum>
    void word(const char* key, Enum& out, const std::vector<std::string>& words) {
        std::string value;
        text(key, value, 64);
        if (value.empty() || parse(value, out)) return;
        std::string known;
        for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
        fault(key, "must be one of " + known);
    }
    void fault(const char* key, const std::string& what);
    // Call last: refuses keys that were not asked for.
    [[nodiscard]] Result<void> finish();

private:
    struct Parsed;
    explicit Body(std::unique_ptr<Parsed> parsed);
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace gantry::console
