// Reading a YAML configuration file into plain structs (yaml-cpp inside, no YAML type here).
//
//     auto document = Document::load("gantry.yaml", environment);
//     const auto read = document->read([&](Section& root) {
//         root.section("server", [&](Section& s) { s.number("port", out.port, {1, 65535}); });
//     });
//
// A key that is absent (or null) leaves its struct member alone, so defaults live in the struct.
// Every key that a function asks for is known; at the end of a section any other key is an error.
// All errors of a file are collected and reported together, in the order of their lines:
//
//     gantry.yaml:12: unknown key "lissen" under "server"; did you mean "listen"?
//     gantry.yaml:14: "server.port" must be a number, not "abc"
//
// Bounds: a file of 1 MiB, 32 levels, 100 errors. YAML is read strictly: only true and false are
// flags, numbers are decimal, a key stands once, anchors and aliases are refused.
//
// Threading: one thread. A Section is valid inside the function that received it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::settings {

// Looks up an environment variable; given by app, because nothing else reads the environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

template <class T>
struct Range {
    T min;
    T max;
};

struct Node;    // core/settings/node.hpp
struct Shared;  // one reading: errors, known keys

class Section {
public:
    using Reader = std::function<void(Section&)>;
    Section(Shared& shared, const Node* node, std::string path);

    // The key stands in the file with a value.
    [[nodiscard]] bool has(std::string_view key) const;
    // An error when the section is there and the key is not.
    void require(std::string_view key);

    void text(std::string_view key, std::string& out, std::size_t max_bytes = 4096);
    void flag(std::string_view key, bool& out);
    template <std::integral T>
    void number(std::string_view key, T& out,
                Range<T> range = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()}) {
        std::int64_t value = 0;
        if (integer(key, value, clamp(range.min), clamp(range.max))) out = static_cast<T>(value);
    }
    void real(std::string_view key, double& out, Range<double> range);
    void real(std::string_view key, std::optional<double>& out, Range<double> range);
    // "500ms", "15s", "5m", "2h", "7d", "1h30m".
    void duration(std::string_view key, Millis& out, Range<Millis> range);
    // "512KiB", "64MiB", "20GiB" or a number of bytes.
    void size(std::string_view key, std::size_t& out, Range<std::size_t> range);
    // One of several words: s.word("level", out.level, {{"info", Level::info}, ...}).
    template <class Enum>
    void word(std::string_view key, Enum& out,
              const std::vector<std::pair<std::string, Enum>>& words) {
        std::vector<std::string> names;
        names.reserve(words.size());
        for (const auto& [name, value] : words) names.push_back(name);
        if (const auto index = choice(key, names)) out = words[*index].second;
    }
    // A file or directory; a relative one is meant from the directory of the configuration file.
    void path(std::string_view key, std::string& out);
    // `env:NAME`, `file:PATH` (first line's end trimmed, 64 KiB at most) or the secret itself. The
    // value never appears in a message.
    void secret(std::string_view key, Redacted<std::string>& out);
    void texts(std::string_view key, std::vector<std::string>& out, std::size_t max_items = 256);
    // Free keys with text values, sorted by key: labels, headers.
    void map(std::string_view key, std::vector<std::pair<std::string, std::string>>& out,
             std::size_t max_items = 64);

    // Runs `reader` once, on an empty section when the key is absent.
    void section(std::string_view key, const Reader& reader);
    // Runs `reader` for each item of a list of sections; not at all when the key is absent.
    void each(std::string_view key, const Reader& reader, std::size_t max_items = 1000);

    // An error of meaning at the key's line: `"connectors[1].url" must begin with https://`.
    // An empty key names the section itself.
    void problem(std::string_view key, const std::string& what);

    // Errors for keys that nobody asked for. Called by whoever ran the reader.
    void finish();

private:
    template <std::integral T>
    static std::int64_t clamp(T value) {
        if constexpr (std::unsigned_integral<T>) {
            constexpr auto top = std::numeric_limits<std::int64_t>::max();
            if (std::cmp_greater(value, top)) return top;
        }
        return static_cast<std::int64_t>(value);
    }
    bool integer(std::string_view key, std::int64_t& out, std::int64_t min, std::int64_t max);
    std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string>& names);
    const Node* find(std::string_view key);
    const Node* scalar(std::string_view key, const char* wanted);
    [[nodiscard]] std::string full(std::string_view key) const;
    void wrong(const Node& node, std::string_view key, const std::string& wanted);

    Shared& shared_;
    const Node* node_;
    std::string path_;
    std::vector<std::string> asked_;
};

class Document {
public:
    // not_found or unavailable: the file; invalid_input: it is no YAML (with file:line).
    // `env:` secrets are errors without an environment.
    static Result<Document> load(const std::string& path, Environment environment = {});
    // `name` stands for the file in messages; relative paths are meant from its directory.
    static Result<Document> parse(std::string_view text, std::string name,
                                  Environment environment = {});
    // No file: every default.
    static Document empty();

    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();

    // invalid_input with one line per error.
    Result<void> read(const Section::Reader& reader);

    // Every key that read() asked for, sorted, as "server.listen" and "connectors[].name": what
    // documentation and schema are compared with.
    [[nodiscard]] std::vector<std::string> known_keys() const;
    // The document as JSON (plain scalars by YAML's core schema), for schema validation.
    [[nodiscard]] std::string to_json() const;

private:
    explicit Document(std::unique_ptr<Shared> shared);
    std::unique_ptr<Shared> shared_;
};

}  // namespace gantry::settings
