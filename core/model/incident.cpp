#include "core/model/incident.hpp"

#include <charconv>
#include <cstdio>

namespace gantry {

int priority_of(Level impact, Level urgency) {
    // The base matrix is symmetric: the sum of both ranks (1 high to 3 low) minus one.
    return static_cast<int>(impact) + static_cast<int>(urgency) - 1;
}

std::string incident_number(IncidentId id) {
    char out[32];
    std::snprintf(out, sizeof out, "INC%07lld", static_cast<long long>(id.value));
    return out;
}

std::optional<IncidentId> parse_incident_number(std::string_view number) {
    if (number.starts_with("INC") || number.starts_with("inc")) number.remove_prefix(3);
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), id);
    if (error != std::errc{} || end != number.data() + number.size() || id <= 0) return {};
    return IncidentId{id};
}

}  // namespace gantry
