// StrongId<Tag>: a row id that cannot be mixed up with another table's. 0 means "none".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace gantry {

template <class Tag>
struct StrongId {
    std::int64_t value = 0;

    constexpr StrongId() = default;
    constexpr explicit StrongId(std::int64_t v) : value(v) {}
    [[nodiscard]] constexpr bool is_set() const { return value != 0; }
    friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

using OrganisationId = StrongId<struct OrganisationTag>;
using SiteId = StrongId<struct SiteTag>;
using UserId = StrongId<struct UserTag>;
using TokenId = StrongId<struct TokenTag>;
using AgentRowId = StrongId<struct AgentRowTag>;
using AssetId = StrongId<struct AssetTag>;
using AlertId = StrongId<struct AlertTag>;
using EpisodeId = StrongId<struct EpisodeTag>;
using IncidentId = StrongId<struct IncidentTag>;
using TimelineId = StrongId<struct TimelineTag>;
using DecisionId = StrongId<struct DecisionTag>;
using DeliveryId = StrongId<struct DeliveryTag>;
using JournalSeq = StrongId<struct JournalTag>;

}  // namespace gantry

template <class Tag>
struct std::hash<gantry::StrongId<Tag>> {
    std::size_t operator()(const gantry::StrongId<Tag>& id) const noexcept {
        return std::hash<std::int64_t>{}(id.value);
    }
};
