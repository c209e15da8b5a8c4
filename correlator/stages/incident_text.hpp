// What incidents say: titles and timeline texts, made of the event's own words and evidence. Pure;
// equal inputs give equal bytes.
#pragma once

#include <string>

#include "correlator/stages/stage.hpp"

namespace gantry::correlator {

inline constexpr std::size_t k_max_title_bytes = 255;
inline constexpr std::size_t k_max_body_bytes = 16 * 1024;

// The host as people know it: the event's, else the label `host`, else the asset's name.
[[nodiscard]] std::string host_of(const Context& context);

// "<host>: <summary>", bounded, the host named once.
[[nodiscard]] std::string incident_title(const Context& context);
// What, where, since when, value and threshold, the other evidence, who said it under which key,
// and the rule. `earlier` is the alert's incident before this one, when there was one.
[[nodiscard]] std::string opened_text(const Context& context, const PromoteRule& rule,
                                      IncidentId earlier);
[[nodiscard]] std::string joined_text(const Context& context);
[[nodiscard]] std::string reopened_text(const Context& context, const IncidentEntry& incident);
// REQUIRES: context.before.
[[nodiscard]] std::string severity_text(const Context& context, bool kept_by_person);
enum class After : std::uint8_t { resolved, others_firing, taken_over, ended_by_person };
[[nodiscard]] std::string recovered_text(const Context& context, After after,
                                         std::int64_t still_firing);

// "12 min", "3 h 5 min", "2 days 4 h": two units at most, never negative.
[[nodiscard]] std::string duration_text(Millis duration);

}  // namespace gantry::correlator
