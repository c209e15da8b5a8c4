// Private to core/model: reading one JSON object into a struct. The first fault is kept, naming the
// place ("checks[2].critical") and, for an unknown key, the nearest valid one.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/text.hpp"

namespace gantry::json {

class ObjectReader {
public:
    using Json = nlohmann::ordered_json;

    ObjectReader(const Json& object, std::string place)
        : object_(object), place_(std::move(place)) {
        if (!object_.is_object()) fault("", " must be an object");
    }

    void text(const char* key, std::string& out) {
        read(
            key, "a text", [](const Json& v) { return v.is_string(); },
            [&](const Json& v) { out = v.get<std::string>(); });
    }
    void flag(const char* key, bool& out) {
        read(
            key, "true or false", [](const Json& v) { return v.is_boolean(); },
            [&](const Json& v) { out = v.get<bool>(); });
    }
    template <class Integer>
    void integer(const char* key, Integer& out) {
        read(
            key, "a whole number", [](const Json& v) { return fits<Integer>(v); },
            [&](const Json& v) { out = v.get<Integer>(); });
    }
    void real(const char* key, double& out) {
        read(
            key, "a number", [](const Json& v) { return v.is_number(); },
            [&](const Json& v) { out = v.get<double>(); });
    }
    void real(const char* key, std::optional<double>& out) {
        double value = 0;
        const std::size_t before = found_;
        real(key, value);
        if (found_ > before) out = value;
    }
    void texts(const char* key, std::vector<std::string>& out) {
        const auto all_texts = [](const Json& v) {
            return v.is_array() && std::all_of(v.begin(), v.end(),
                                               [](const Json& item) { return item.is_string(); });
        };
        read(key, "a list of texts", all_texts,
             [&](const Json& v) { out = v.get<std::vector<std::string>>(); });
    }
    template <class Id>
    void id(const char* key, Id& out) {
        integer(key, out.value);
    }
    // An enum by its word, through parse(text, out).
    template <class Enum>
    void word(const char* key, Enum& out) {
        std::string text_value;
        const std::size_t before = found_;
        text(key, text_value);
        if (found_ > before && !parse(text_value, out)) {
            fault(key, ": \"" + truncate_utf8(text_value, 64) + "\" is not a known word");
        }
    }
    // The raw value, for nested shapes; nullptr when absent or null.
    const Json* value(const char* key) {
        known_.emplace_back(key);
        if (!object_.is_object()) return nullptr;
        const auto at = object_.find(key);
        return at == object_.end() || at->is_null() ? nullptr : &*at;
    }
    void require(const char* key) {
        if (object_.is_object() && !object_.contains(key)) fault(key, " is missing");
    }
    void fault(const std::string& key, const std::string& what) {
        if (!error_) error_ = fail(ErrorCode::invalid_input, place_of(key) + what);
    }
    [[nodiscard]] std::string place_of(const std::string& key) const {
        if (key.empty()) return place_.empty() ? "the document" : place_;
        return place_.empty() ? key : place_ + "." + key;
    }
    // Call after the last read: keys that nobody asked for are faults.
    void refuse_unknown() {
        if (!object_.is_object()) return;
        for (const auto& [key, ignored] : object_.items()) {
            if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
            const auto meant = nearest(key, known_);
            fault(truncate_utf8(key, 64),
                  " is not a known key" + (meant ? "; did you mean \"" + *meant + "\"?" : ""));
        }
    }
    [[nodiscard]] Result<void> result() const {
        if (error_) return *error_;
        return {};
    }

private:
    // A number that the type cannot hold would come out as another one.
    template <class Integer>
    static bool fits(const Json& v) {
        if (v.is_number_unsigned()) return std::in_range<Integer>(v.get<std::uint64_t>());
        return v.is_number_integer() && std::in_range<Integer>(v.get<std::int64_t>());
    }
    template <class Fits, class Take>
    void read(const char* key, const char* wanted, Fits good, Take take) {
        const Json* found = value(key);
        if (!found) return;
        if (!good(*found)) return fault(key, std::string(" must be ") + wanted);
        take(*found);
        ++found_;
    }

    const Json& object_;
    std::string place_;
    std::vector<std::string> known_;
    std::optional<Error> error_;
    std::size_t found_ = 0;
};

// invalid_input with the parser's position when `text` is no JSON.
inline Result<nlohmann::ordered_json> parse_document(std::string_view text,
                                                     std::string_view source) {
    try {
        return nlohmann::ordered_json::parse(text);
    } catch (const nlohmann::json::parse_error& error) {
        return fail(ErrorCode::invalid_input, std::string(source) + " is not valid JSON (byte " +
                                                  std::to_string(error.byte) + ")");
    } catch (const nlohmann::json::exception&) {
        // JSON's grammar allows 1e999; no double holds it.
        return fail(ErrorCode::invalid_input,
                    std::string(source) + " holds a number that is out of range");
    }
}

}  // namespace gantry::json
