// The identity rules: which asset of an organisation are these facts? In order, the first rule with
// exactly one candidate that nothing contradicts decides; a host name never merges.
//
//   1 agent key (checked by the caller, against is_consistent)   2 asset tag   3 cloud instance
//   4 serial and SMBIOS UUID   5 serial, the other's UUID unknown   6 SMBIOS UUID alone
//   7 baseboard serial   8 machine id and a MAC or the root disk   9 two MACs   else create
//
// Pure over a lookup, so that each rule is a table test. Sources: docs/adr, ServiceNow's
// identification rules, GLPI's import rules and the bugs that both collected.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/strong_id.hpp"
#include "itsm/cmdb/canonical.hpp"

namespace gantry::itsm {

// One usable fact, as stored in asset_identities.
struct IdentityKey {
    std::string kind;  // "asset_tag", "cloud", "serial", "uuid", "baseboard", "machine_id",
                       // "root_disk", "mac"
    std::string value;
    friend auto operator<=>(const IdentityKey&, const IdentityKey&) = default;
};

[[nodiscard]] std::vector<IdentityKey> identity_keys(const CanonicalFacts& facts);

struct KnownAsset {
    AssetId asset;
    std::vector<IdentityKey> keys;
};

// What is known, within one organisation.
class IdentityLookup {
public:
    virtual ~IdentityLookup() = default;
    virtual Result<std::vector<AssetId>> assets_with(const IdentityKey& key) = 0;  // ascending
    virtual Result<std::vector<IdentityKey>> keys_of(AssetId asset) = 0;
    // Both at once: a fleet may share a key, and that must not cost a query for each of it.
    virtual Result<std::vector<KnownAsset>> known_with(const IdentityKey& key);
};

struct IdentityMatch {
    AssetId asset;        // unset: none matched, make one
    std::string rule;     // "serial and uuid" ...; for a new one "new"
    AssetId passed_over;  // with `asset` unset: what would have matched, but is taken
};

enum class Claim : std::uint8_t {
    free,
    mine,   // goes before those that are free
    taken,  // never matches
};
// Asked once for each asset that a rule would match.
using ClaimOf = std::function<Result<Claim>(AssetId)>;

// Without `claim_of` everything is free.
Result<IdentityMatch> identify(const CanonicalFacts& facts, IdentityLookup& lookup,
                               const ClaimOf& claim_of = {});

// What of serial, UUID and cloud instance contradicts, in words: `serial A instead of B`. Empty
// when nothing does.
[[nodiscard]] std::string contradiction_text(const std::vector<IdentityKey>& told,
                                             const std::vector<IdentityKey>& known);

// Are these facts of the machine with those keys? False when a strong fact (serial, UUID, cloud
// instance) contradicts and no other agrees: another machine carries its credential.
[[nodiscard]] bool is_consistent(const CanonicalFacts& facts,
                                 const std::vector<IdentityKey>& known);

}  // namespace gantry::itsm
