// The whole server side on simulated journals: crashes and failures at random must leave exactly
// the rows that an undisturbed run leaves, and every promise kept. GANTRY_SIM_SEEDS sets how many
// seeds (default 150); GANTRY_SIM_SEED repeats one.
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "tests/simulation/bridge/system.hpp"
#include "tests/simulation/bridge/workload.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;
using namespace gantry::simulation;

namespace {

std::unique_ptr<storage::Database> fresh_database(const std::string& name) {
    auto database = storage::open_database(":memory:" + name);
    REQUIRE(database);
    REQUIRE(storage::migrate(**database));
    return std::move(*database);
}

std::string first_difference(const std::string& a, const std::string& b) {
    std::size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
    const std::size_t from = a.rfind('\n', at) == std::string::npos ? 0 : a.rfind('\n', at) + 1;
    return "undisturbed: " + a.substr(from, 400) + "\n  disturbed: " + b.substr(from, 400);
}

Run simulate(std::uint64_t seed) {
    INFO("seed " << seed << "; repeat: GANTRY_SIM_SEED=" << seed
                 << " build/dev/bin/simulation_bridge");
    const auto records = 40 + seed % 160;
    const Workload workload = make_workload(seed, records);
    const auto calm = fresh_database("calm");
    const Run expected = run_system(*calm, workload.journal, {seed, 0, 0, 1'000'000});
    const auto rough = fresh_database("rough");
    const Run run = run_system(*rough, workload.journal, {seed, 25, 25, 12});
    for (const std::string& promise : expected.broken) UNSCOPED_INFO(promise);
    REQUIRE(expected.broken.empty());
    if (run.rows != expected.rows) UNSCOPED_INFO(first_difference(expected.rows, run.rows));
    REQUIRE(run.rows == expected.rows);
    REQUIRE(run.broken.empty());
    return run;
}

}  // namespace

TEST_CASE("bridge: crashes and failures leave the rows of an undisturbed run") {
    constexpr std::uint64_t k_usual = 150;
    const test::Seeds seeds = test::seeds_from_environment(k_usual);
    std::int64_t crashes = 0, failures = 0;
    for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
        const Run run = simulate(seed);
        crashes += run.crashes;
        failures += run.failures;
    }
    std::cout << seeds.count << " seeds: " << crashes << " crashes, " << failures
              << " statements failed\n";
    if (!seeds.are_at_least(k_usual)) return;
    CHECK(crashes > 0);
    CHECK(failures > 0);
}
