#include "itsm/cmdb/twins.hpp"

#include <algorithm>

#include "core/records/access.hpp"

namespace gantry::itsm {
namespace {

constexpr Millis k_running{120'000};
constexpr std::chrono::hours k_longest_uptime{10 * 366 * 24};

}  // namespace

Instant booted_at(Instant now, std::chrono::seconds uptime) {
    if (uptime.count() <= 0) return now - k_running;
    return now - std::min<std::chrono::seconds>(uptime, k_longest_uptime);
}

Result<std::vector<AssetId>> UntakenAssets::assets_with(const IdentityKey& key) {
    auto assets = all_.assets_with(key);
    if (!assets || boot_.id.empty()) return assets;
    std::vector<AssetId> mine;
    std::vector<AssetId> untaken;
    for (const AssetId asset : *assets) {
        const auto proven = records::proven_by(connection_, asset, boot_.id, boot_.since);
        if (!proven) return proven.error();
        if (*proven == records::ProvenBy::this_boot) mine.push_back(asset);
        if (*proven == records::ProvenBy::nobody_who_runs) untaken.push_back(asset);
    }
    if (!mine.empty()) return mine;
    return untaken;
}

Result<IdentityMatch> identify_untaken(const CanonicalFacts& facts, storage::Connection& connection,
                                       IdentityLookup& lookup, const Boot& boot) {
    UntakenAssets untaken(connection, lookup, boot);
    auto match = identify(facts, untaken);
    if (!match || match->asset.is_set() || boot.id.empty()) return match;
    const auto twin = identify(facts, lookup);
    if (!twin) return twin;
    if (twin->asset.is_set()) match->rule = "copy of asset " + std::to_string(twin->asset.value);
    return match;
}

}  // namespace gantry::itsm
