// Deliveries under crashes, failing outboxes, failing tools and a clock that is set, as a seed
// decides. GANTRY_SIM_SEEDS sets how many seeds (default 150); GANTRY_SIM_SEED repeats one.
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "tests/simulation/connectors/world.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;
using namespace gantry::simulation;

namespace {

std::unique_ptr<storage::Database> make_database() {
    auto database = storage::open_database(":memory:connectors");
    REQUIRE(database);
    REQUIRE(storage::migrate(**database));
    return std::move(*database);
}

void empty(storage::Database& database) {
    auto connection = database.connect(storage::Durability::normal);
    REQUIRE(connection);
    REQUIRE((*connection)->execute("DELETE FROM outbox; DELETE FROM connector_links;"));
}

Run simulate(storage::Database& database, std::uint64_t seed) {
    INFO("seed " << seed << "; repeat: ./dev sim " << seed);
    empty(database);
    const Run outcome = World(database, make_plan(seed)).run();
    for (std::size_t i = 0; i < outcome.broken.size() && i < 20; ++i) {
        UNSCOPED_INFO(outcome.broken[i]);
    }
    REQUIRE(outcome.broken.empty());
    return outcome;
}

}  // namespace

TEST_CASE("deliveries: in order, once each, paced, and none lost, whatever fails") {
    const auto database = make_database();
    constexpr std::uint64_t k_usual = 150;
    const test::Seeds seeds = test::seeds_from_environment(k_usual);
    Run all;
    for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
        const Run one_run = simulate(*database, seed);
        all.rows += one_run.rows;
        all.sends += one_run.sends;
        all.deaths += one_run.deaths;
        all.crashes += one_run.crashes;
        all.failures += one_run.failures;
        all.openings += one_run.openings;
    }
    std::cout << seeds.count << " seeds: " << all.rows << " rows, " << all.sends << " sent, "
              << all.deaths << " deaths, " << all.crashes << " crashes, " << all.failures
              << " outbox failures, " << all.openings << " circuits opened\n";
    CHECK(all.sends >= all.rows);
    if (!seeds.are_at_least(k_usual)) return;
    CHECK(all.rows > 0);
    CHECK(all.deaths > 0);
    CHECK(all.crashes > 0);
    CHECK(all.failures > 0);
    CHECK(all.openings > 0);
}
