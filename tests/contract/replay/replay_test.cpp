// Equal journal and equal rules give equal rows, to the byte: on every engine, however the journal
// is cut into transactions, with crashes and failures in between. Every column of every table is
// compared. GANTRY_SIM_SEEDS sets how many seeds (default 8); GANTRY_SIM_SEED repeats one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "tests/contract/replay/hostile.hpp"
#include "tests/contract/storage/engines.hpp"
#include "tests/simulation/bridge/system.hpp"
#include "tests/simulation/bridge/workload.hpp"
#include "tests/support/seeds.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct Columns {
    std::string list;  // "id, name"
    int count = 0;
};
using Schema = std::map<std::string, Columns>;

// What SQLite says of its own tables, so that a column added later is compared too. All but the
// record of the migrations, whose times are those of the test, and an alert's last_seen_at, which a
// crash may lose by design (docs/adr/resends-are-coalesced.md): no decision depends on it.
Schema schema_of(storage::Connection& sqlite) {
    Schema out;
    for (const std::string& table :
         rows(sqlite, "SELECT name FROM sqlite_master WHERE type = 'table'", 1)) {
        if (table.starts_with("sqlite_") || table.find("migration") != std::string::npos) continue;
        Columns columns;
        for (const std::string& name :
             rows(sqlite, "SELECT name FROM pragma_table_info('" + table + "')", 1)) {
            if (table == "alerts" && name == "last_seen_at") continue;
            columns.list += (columns.count++ == 0 ? "" : ", ") + name;
        }
        out[table] = columns;
    }
    return out;
}

// The rows of a table in the order of their ids, or of their keys by byte: engines order text by
// rules of their own.
std::vector<std::string> table_rows(storage::Connection& connection, const std::string& table,
                                    const Columns& columns) {
    const bool numbered = columns.list.starts_with("id, ");
    const std::string order = numbered ? " ORDER BY id" : "";
    auto out = rows(connection, "SELECT " + columns.list + " FROM " + table + order, columns.count);
    if (!numbered) std::sort(out.begin(), out.end());
    return out;
}

std::string dump(storage::Connection& connection, const Schema& schema) {
    std::string out;
    for (const auto& [table, columns] : schema) {
        out += "== " + table + ": " + columns.list + "\n";
        for (const std::string& row : table_rows(connection, table, columns)) out += row + "\n";
    }
    return out;
}

// The first line that differs, in both, with its table.
std::string difference(const std::string& a, const std::string& b) {
    std::stringstream left(a);
    std::stringstream right(b);
    std::string table;
    std::string of_a;
    std::string of_b;
    while (true) {
        const bool more_a = static_cast<bool>(std::getline(left, of_a));
        const bool more_b = static_cast<bool>(std::getline(right, of_b));
        if (!more_a && !more_b) return "none";
        if (of_a != of_b || more_a != more_b) break;
        if (of_a.starts_with("== ")) table = of_a;
    }
    return table + "\n  " + of_a.substr(0, 600) + "\n  " + of_b.substr(0, 600);
}

struct Ended {
    std::string rows;
    std::vector<std::string> broken;
};

Ended fold(Kind kind, const std::vector<journal::Record>& journal, const simulation::Faults& faults,
           Schema& schema) {
    const World world(kind);
    if (schema.empty()) schema = schema_of(*world.connection);
    auto run = simulation::run_system(*world.database, journal, faults);
    return {dump(*world.connection, schema), std::move(run.broken)};
}

// The journal on every engine of this machine, whole and in random cuts, calm and disturbed.
void compare(const std::vector<journal::Record>& journal, std::uint64_t seed) {
    CAPTURE(seed);
    Schema schema;
    const Ended expected = fold(Kind::sqlite_file, journal, {seed, 0, 0, 1'000'000}, schema);
    REQUIRE(schema.size() >= 15);
    CHECK(expected.broken == std::vector<std::string>{});
    const simulation::Faults faults[] = {
        {seed, 0, 0, 1'000'000}, {seed + 1, 0, 0, 1}, {seed + 2, 0, 0, 9}, {seed + 3, 10, 20, 25}};
    for (const Kind kind : kinds()) {
        for (const auto& fault : faults) {
            INFO(name_of(kind) << ", cuts of " << fault.max_cut << ", " << fault.crash_percent
                               << " % crashes");
            const Ended ended = fold(kind, journal, fault, schema);
            if (ended.rows != expected.rows) FAIL(difference(expected.rows, ended.rows));
            CHECK(ended.broken == expected.broken);
        }
    }
}

test::Seeds seeds() { return test::seeds_from_environment(8); }

}  // namespace

TEST_CASE("replay: equal journal and rules give equal rows on every engine, however it is cut") {
    for (std::uint64_t seed = seeds().first; seed < seeds().end(); ++seed) {
        compare(simulation::make_workload(1'000 + seed, 40 + 15 * (seed % 5)).journal, seed);
    }
}

TEST_CASE("replay: hostile texts give equal rows on every engine, and stop none") {
    for (std::uint64_t seed = seeds().first; seed < seeds().end(); ++seed) {
        auto calm = simulation::make_workload(2'000 + seed, 30).journal;
        compare(with_hostile_records(std::move(calm), seed), seed);
    }
}

TEST_CASE("replay: the workload fills every table that the fold writes") {
    Schema schema;
    std::map<std::string, std::size_t> most;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const World world(Kind::sqlite_file);
        schema = schema_of(*world.connection);
        const auto journal = simulation::make_workload(1'000 + seed, 120).journal;
        (void)simulation::run_system(*world.database, journal, {seed, 0, 0, 50});
        for (const auto& [table, columns] : schema) {
            most[table] =
                std::max(most[table], table_rows(*world.connection, table, columns).size());
        }
    }
    for (const char* table :
         {"agents", "alerts", "asset_identities", "assets", "decisions", "decision_subjects",
          "incident_alerts", "incident_timeline", "incidents", "outbox", "progress", "tokens"}) {
        INFO(table);
        CHECK(most[table] > 0);
    }
}
