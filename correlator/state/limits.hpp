// The correlator's bounds, and what it dropped or cut short because of them or because of its
// input.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gantry::correlator {

struct Options {
    // Live alerts kept in memory (under 1 KB each). Beyond it the longest resolved are forgotten
    // early; when none is resolved, a new one is refused with DedupReason::no_room.
    std::size_t max_live_alerts = 1'000'000;
    // Assets known. Beyond it no asset is made from a host name: the event goes to its source's.
    std::size_t max_assets = 2'000'000;
    // Of the lookup tables only: makes collisions unpredictable, never changes an output.
    std::uint64_t hash_seed = 0x9E3779B97F4A7C15ULL;
};

// Monotonic since construction.
struct Counters {
    std::uint64_t resolves_unknown = 0;     // resolve of a key that never fired
    std::uint64_t resolves_late = 0;        // resolve of an episode that had ended
    std::uint64_t alerts_refused = 0;       // DedupReason::no_room
    std::uint64_t alerts_evicted = 0;       // forgotten before the retention, for want of room
    std::uint64_t assets_refused = 0;       // max_assets reached
    std::uint64_t expiries_skipped = 0;     // seen again, or gone, before the expiry was folded
    std::uint64_t ended_by_full_state = 0;  // their resolve was lost, or their check is gone
};

}  // namespace gantry::correlator
