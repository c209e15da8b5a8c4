// Twins: two running machines with the same facts, as a copied virtual machine and its original.
// Identity rules alone would make one asset of them, and both agents would flap its alerts. What
// tells them apart is that both run: the asset's agent enrolled or was heard under another boot
// after this machine had booted. Judged by the records and the journal's time only, so that a
// replay agrees.
#pragma once

#include <chrono>
#include <string>

#include "core/storage/database.hpp"
#include "core/time/clock.hpp"
#include "itsm/cmdb/identity.hpp"

namespace gantry::itsm {

// The machine that asks for an asset.
struct Boot {
    std::string id;   // empty: not told, then it has no twin
    Instant since{};  // by the server's clock; the earliest moment it may have booted at
};

// When a machine that enrols at `now` booted. `uptime` 0 = it does not say: then only who was heard
// in the last two minutes counts as running.
[[nodiscard]] Instant booted_at(Instant now, std::chrono::seconds uptime);

// The assets that an agent of this very boot proves; without one, those that another running
// machine does not prove.
class UntakenAssets final : public IdentityLookup {
public:
    UntakenAssets(storage::Connection& connection, IdentityLookup& all, Boot boot)
        : connection_(connection), all_(all), boot_(std::move(boot)) {}
    Result<std::vector<AssetId>> assets_with(const IdentityKey& key) override;
    Result<std::vector<IdentityKey>> keys_of(AssetId asset) override { return all_.keys_of(asset); }

private:
    storage::Connection& connection_;
    IdentityLookup& all_;
    Boot boot_;
};

// As identify(), but never an asset that another running machine proves; a new one that would have
// been such has the rule "copy of asset N".
Result<IdentityMatch> identify_untaken(const CanonicalFacts& facts, storage::Connection& connection,
                                       IdentityLookup& lookup, const Boot& boot);

}  // namespace gantry::itsm
