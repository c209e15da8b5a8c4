// GANTRY_SIM_SEEDS: how many seeds. GANTRY_SIM_SEED: this one alone.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/simulation/agent/offline_week.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;

namespace {

constexpr std::uint64_t k_default_seeds = 200;

// What became of everything in all weeks.
struct Account {
    std::int64_t transitions = 0;
    std::int64_t samples = 0;
    std::int64_t kills = 0;
    std::int64_t held_lost = 0;
    std::int64_t dropped_states = 0;
    std::int64_t dropped_samples = 0;
    std::int64_t peak_percent = 0;

    void add(const test::OfflineWeek& week) {
        const test::Truth& truth = week.truth();
        transitions += static_cast<std::int64_t>(truth.committed.size());
        samples += truth.samples;
        kills += truth.kills;
        held_lost += truth.samples_lost;
        peak_percent = std::max(peak_percent, truth.peak_percent);
        for (const agent::DropTotal& drop : week.final_status().dropped) {
            if (drop.kind == RecordKind::state) dropped_states += drop.count;
            if (drop.kind == RecordKind::sample) dropped_samples += drop.count;
        }
    }
    void print(std::uint64_t seeds) const {
        std::cout << "a week offline, " << seeds << " seeds, " << kills
                  << " kills: " << transitions - dropped_states << " of " << transitions
                  << " transitions kept and in order, " << dropped_states
                  << " dropped after the last sample and told; " << dropped_samples << " of "
                  << samples << " samples dropped and told, " << held_lost
                  << " lost in memory at a kill; the spool took at most " << peak_percent
                  << " % of its cap\n";
    }
};

}  // namespace

TEST_CASE("a week offline: every transition arrives in order or is counted, samples go first") {
    const test::Seeds seeds = test::seeds_from_environment(k_default_seeds);
    Account account;
    for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
        test::OfflineWeek week(seed);
        const auto broken = week.run();
        INFO("GANTRY_SIM_SEED=" << seed << " build/dev/bin/simulation_agent");
        if (broken) FAIL(*broken);
        account.add(week);
    }
    account.print(seeds.count);
    CHECK(account.transitions > 0);
    CHECK(account.peak_percent <= 100);
    if (!seeds.are_at_least(k_default_seeds)) return;
    CHECK(account.kills > 0);
    // The weeks are hard enough to show what they are for.
    CHECK(account.dropped_states > 0);
    CHECK(account.dropped_samples > 0);
    CHECK(account.peak_percent > 75);
}
