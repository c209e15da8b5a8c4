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

// As identify(), but never an asset that another running machine proves, and before all others one
// that an agent of this very boot proves; a new one that would have been a running machine's has
// the rule "copy of asset N".
Result<IdentityMatch> identify_untaken(const CanonicalFacts& facts, storage::Connection& connection,
                                       IdentityLookup& lookup, const Boot& boot);

}  // namespace gantry::itsm
