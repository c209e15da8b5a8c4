// Query: the parameters behind the "?" of a request, parsed into types that cannot be wrong. A
// parameter that the route does not take is an error naming the nearest one, so that a misspelt
// filter never answers with everything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/strong_id.hpp"
#include "core/base/text.hpp"
#include "core/http/message.hpp"
#include "core/ports/paging.hpp"

namespace gantry::console {

inline constexpr int k_default_page = 50;
inline constexpr int k_max_page = 500;

// Whole number from 1; nullopt for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_row_id(std::string_view text);

// Refuses parameters that are not in `allowed` and those that stand twice.
Result<void> check_query(const http::Request& request, const std::vector<std::string>& allowed);

// The first fault is kept; ask result() at the end.
class Query {
public:
    explicit Query(const http::Request& request) : request_(request) {}

    [[nodiscard]] PageRequest page();  // limit 1 to 500, cursor as a page gave it
    [[nodiscard]] std::string text(std::string_view name, std::size_t max_bytes);
    [[nodiscard]] std::optional<bool> flag(std::string_view name);
    [[nodiscard]] std::optional<int> number(std::string_view name, int min, int max);
    template <class Id>
    [[nodiscard]] Id id(std::string_view name) {
        return Id{row_id(name)};
    }
    [[nodiscard]] IncidentId incident(std::string_view name);  // INC0000001 or 1
    template <class Enum>
    [[nodiscard]] std::optional<Enum> word(std::string_view name) {
        const auto value = request_.query_value(name);
        if (!value) return std::nullopt;
        Enum out{};
        if (parse(*value, out)) return out;
        fault(name, "is no such word: \"" + truncate_utf8(sanitise(*value), 64) + "\"");
        return std::nullopt;
    }
    void fault(std::string_view name, const std::string& what);
    [[nodiscard]] Result<void> result() const {
        if (error_) return *error_;
        return {};
    }

private:
    std::int64_t row_id(std::string_view name);

    const http::Request& request_;
    std::optional<Error> error_;
};

}  // namespace gantry::console
