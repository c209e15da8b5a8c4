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

Result<IdentityMatch> identify_untaken(const CanonicalFacts& facts, storage::Connection& connection,
                                       IdentityLookup& lookup, const Boot& boot) {
    if (boot.id.empty()) return identify(facts, lookup);
    const auto claim_of = [&](AssetId asset) -> Result<Claim> {
        const auto proven = records::proven_by(connection, asset, boot.id, boot.since);
        if (!proven) return proven.error();
        if (*proven == records::ProvenBy::this_boot) return Claim::mine;
        return *proven == records::ProvenBy::another_boot ? Claim::taken : Claim::free;
    };
    auto match = identify(facts, lookup, claim_of);
    if (match && match->passed_over.is_set()) {
        match->rule = "copy of asset " + std::to_string(match->passed_over.value);
    }
    return match;
}

}  // namespace gantry::itsm
