// GANTRY_SIM_SEEDS: how many seeds (default 200). GANTRY_SIM_SEED: this one alone.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "tests/simulation/agent/offline_week.hpp"

using namespace gantry;

namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace

TEST_CASE("a week offline: every transition arrives in order or is counted, samples go first") {
    const bool one = std::getenv("GANTRY_SIM_SEED") != nullptr;
    const std::uint64_t first = one ? number_from("GANTRY_SIM_SEED", 1) : 1;
    const std::uint64_t count = one ? 1 : number_from("GANTRY_SIM_SEEDS", 200);
    std::int64_t transitions = 0;
    std::int64_t kills = 0;
    std::int64_t dropped_states = 0;
    std::int64_t dropped_samples = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        test::OfflineWeek week(seed);
        const auto broken = week.run();
        INFO("GANTRY_SIM_SEED=" << seed << " build/dev/bin/simulation_agent");
        if (broken) FAIL(*broken);
        transitions += static_cast<std::int64_t>(week.truth().committed.size());
        kills += week.truth().kills;
        for (const agent::DropTotal& drop : week.final_status().dropped) {
            if (drop.kind == RecordKind::state) dropped_states += drop.count;
            if (drop.kind == RecordKind::sample) dropped_samples += drop.count;
        }
    }
    std::cout << count << " seeds: " << transitions << " transitions, " << kills << " kills, "
              << dropped_samples << " samples and " << dropped_states << " states dropped\n";
    CHECK(transitions > 0);
}
