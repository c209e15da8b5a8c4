#include "console/api/body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gantry::console {

using Json = nlohmann::ordered_json;

struct Body::Parsed {
    Json object = Json::object();
    std::vector<std::string> known;
    std::optional<Error> error;

    const Json* find(const char* key) {
        known.emplace_back(key);
        const auto at = object.find(key);
        return at == object.end() || at->is_null() ? nullptr : &*at;
    }
};

namespace {

constexpr int k_max_depth = 16;

bool is_json_type(std::string_view type) {
    const std::string word = to_lower_ascii(trim(type.substr(0, type.find(';'))));
    return word == "application/json" || word == "application/merge-patch+json";
}

}  // namespace

bool has_json_type(const http::Request& request) {
    const auto type = http::find_header(request.headers, "Content-Type");
    return !type || is_json_type(*type);
}

Body::Body(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Body::Body(Body&&) noexcept = default;
Body& Body::operator=(Body&&) noexcept = default;
Body::~Body() = default;

Result<Body> Body::read(const http::Request& request) {
    auto parsed = std::make_unique<Parsed>();
    if (trim(request.body).empty()) return Body(std::move(parsed));
    bool too_deep = false;
    const auto watch = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > k_max_depth;
        return !too_deep;
    };
    try {
        parsed->object = Json::parse(request.body, watch);
    } catch (const Json::parse_error& error) {
        if (!too_deep) {
            return fail(ErrorCode::invalid_input,
                        "the body is not valid JSON (byte " + std::to_string(error.byte) + ")");
        }
    }
    if (too_deep) return fail(ErrorCode::invalid_input, "the body is nested too deep");
    if (!parsed->object.is_object()) {
        return fail(ErrorCode::invalid_input, "the body must be a JSON object");
    }
    return Body(std::move(parsed));
}

bool Body::has(const char* key) { return parsed_->find(key) != nullptr; }

bool Body::stands(const char* key) {
    parsed_->known.emplace_back(key);
    return parsed_->object.contains(key);
}

void Body::require(const char* key) {
    const Json* value = parsed_->find(key);
    const bool blank = value && value->is_string() && trim(value->get<std::string>()).empty();
    if (!value || blank) fault(key, "is missing");
}

void Body::text(const char* key, std::string& out, std::size_t max_bytes, bool lines) {
    const Json* value = parsed_->find(key);
    if (!value) return;
    if (!value->is_string()) return fault(key, "must be a text");
    const auto& raw = value->get_ref<const std::string&>();
    if (!lines && raw.find('\n') != std::string::npos) return fault(key, "must be one line");
    // Bounded as it will be stored: a control character grows to three bytes.
    std::string clean = raw.size() > max_bytes ? std::string() : sanitise(raw);
    if (const auto size = std::max(raw.size(), clean.size()); size > max_bytes) {
        return fault(key, "has " + std::to_string(size) + " bytes; at most " +
                              std::to_string(max_bytes) + " are taken");
    }
    out = std::move(clean);
}

void Body::flag(const char* key, bool& out) {
    const Json* value = parsed_->find(key);
    if (!value) return;
    if (!value->is_boolean()) return fault(key, "must be true or false");
    out = value->get<bool>();
}

void Body::number(const char* key, std::int64_t& out, std::int64_t min, std::int64_t max) {
    const Json* value = parsed_->find(key);
    if (!value) return;
    // A number beyond 64 bits is a float, or unsigned, to the parser.
    const bool fits = value->is_number_integer() &&
                      !(value->is_number_unsigned() &&
                        value->get<std::uint64_t>() > static_cast<std::uint64_t>(max)) &&
                      value->get<std::int64_t>() >= min && value->get<std::int64_t>() <= max;
    if (!fits) {
        return fault(key, "must be a whole number from " + std::to_string(min) + " to " +
                              std::to_string(max));
    }
    out = value->get<std::int64_t>();
}

void Body::fault(const char* key, const std::string& what) {
    if (!parsed_->error) {
        parsed_->error = fail(ErrorCode::invalid_input, std::string(key) + " " + what);
    }
}

Result<void> Body::finish() {
    for (const auto& [key, value] : parsed_->object.items()) {
        const auto& known = parsed_->known;
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        const auto meant = nearest(key, known);
        // Before other faults: a misspelt key is why the right one is missing.
        return fail(ErrorCode::invalid_input,
                    "\"" + truncate_utf8(sanitise(key), 64) + "\" is not a known key" +
                        (meant ? "; did you mean \"" + *meant + "\"?" : ""));
    }
    if (parsed_->error) return *parsed_->error;
    return {};
}

}  // namespace gantry::console
