#include "console/api/query.hpp"

#include <algorithm>
#include <charconv>

#include "core/model/incident.hpp"

namespace gantry::console {

std::optional<std::int64_t> parse_row_id(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
    return value;
}

Result<void> check_query(const http::Request& request, const std::vector<std::string>& allowed) {
    for (auto at = request.query.begin(); at != request.query.end(); ++at) {
        const std::string name = truncate_utf8(sanitise(at->first), 64);
        if (std::find(allowed.begin(), allowed.end(), at->first) == allowed.end()) {
            const auto meant = nearest(at->first, allowed);
            return fail(ErrorCode::invalid_input,
                        "there is no parameter \"" + name + "\" here" +
                            (meant ? "; did you mean \"" + *meant + "\"?" : ""));
        }
        const bool twice = std::any_of(request.query.begin(), at,
                                       [&](const auto& other) { return other.first == at->first; });
        if (twice) return fail(ErrorCode::invalid_input, name + " stands twice");
    }
    return {};
}

void Query::fault(std::string_view name, const std::string& what) {
    if (!error_) error_ = fail(ErrorCode::invalid_input, std::string(name) + " " + what);
}

PageRequest Query::page() {
    PageRequest page;
    page.limit = number("limit", 1, k_max_page).value_or(k_default_page);
    if (const auto cursor = request_.query_value("cursor")) {
        const auto after = parse_row_id(*cursor);
        if (!after) fault("cursor", "must be one that a page before gave as next_cursor");
        page.after = after.value_or(0);
    }
    return page;
}

std::string Query::text(std::string_view name, std::size_t max_bytes) {
    const auto value = request_.query_value(name);
    if (!value) return {};
    if (value->size() > max_bytes) {
        fault(name, "is longer than " + std::to_string(max_bytes) + " bytes");
        return {};
    }
    return sanitise(*value);
}

std::optional<bool> Query::flag(std::string_view name) {
    const auto value = request_.query_value(name);
    if (!value) return std::nullopt;
    if (*value != "true" && *value != "false") fault(name, "must be true or false");
    return *value == "true";
}

std::optional<int> Query::number(std::string_view name, int min, int max) {
    const auto value = request_.query_value(name);
    if (!value) return std::nullopt;
    const auto parsed = parse_row_id(*value);
    if (!parsed || *parsed < min || *parsed > max) {
        fault(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
        return std::nullopt;
    }
    return static_cast<int>(*parsed);
}

std::int64_t Query::row_id(std::string_view name) {
    const auto value = request_.query_value(name);
    if (!value) return 0;
    const auto id = parse_row_id(*value);
    if (!id) fault(name, "must be an id, a whole number from 1");
    return id.value_or(0);
}

IncidentId Query::incident(std::string_view name) {
    const auto value = request_.query_value(name);
    if (!value) return {};
    const auto id = parse_incident_number(*value);
    if (!id) fault(name, "must be an incident's number, as INC0000001");
    return id.value_or(IncidentId{});
}

}  // namespace gantry::console
