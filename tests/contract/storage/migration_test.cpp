// open_database() and migrate(): what holds on every engine.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "core/storage/migrations.hpp"
#include "tests/contract/storage/engines.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("migrate: makes the schema, and a second time changes nothing") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    World world(kind);
    const auto history =
        rows(*world.connection, "SELECT version, name FROM schema_migrations ORDER BY version", 2);
    REQUIRE(history.size() == storage::migrations().size());
    REQUIRE(rows(*world.connection, "SELECT id, name FROM organisations", 2) ==
            std::vector<std::string>{"1|default"});
    REQUIRE(storage::migrate(*world.database));
    REQUIRE(rows(*world.connection, "SELECT version, name FROM schema_migrations ORDER BY version",
                 2) == history);
}

TEST_CASE("migrate: refuses a schema newer than the program") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    World world(kind);
    REQUIRE(world.connection->execute(
        "INSERT INTO schema_migrations (version, name) VALUES (9999, 'from the future')"));
    const auto refused = storage::migrate(*world.database);
    REQUIRE(!refused);
    REQUIRE(refused.error().code == ErrorCode::conflict);
}

TEST_CASE("migrate: refuses a store that other statements made under the same version") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    World world(kind);
    REQUIRE(world.connection->execute(
        "UPDATE schema_migrations SET name = 'records' WHERE version = 1"));
    const auto refused = storage::migrate(*world.database);
    REQUIRE(!refused);
    REQUIRE(refused.error().code == ErrorCode::conflict);
    REQUIRE(refused.error().message.find("(migration 1 is \"records\", here it is \"records ") !=
            std::string::npos);
}

TEST_CASE("migrate: several starters at once all succeed, and it happens once") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    World world(kind, false);
    std::vector<Result<void>> results(4);
    {
        std::vector<std::thread> starters;
        for (auto& result : results) {
            starters.emplace_back([&result, &world] {
                auto database = storage::open_database(world.location);
                result = database ? storage::migrate(**database) : Result<void>(database.error());
            });
        }
        for (auto& starter : starters) starter.join();
    }
    for (const auto& result : results) {
        INFO((result ? "" : result.error().message));
        REQUIRE(result);
    }
    REQUIRE(rows(*world.connection, "SELECT COUNT(*) FROM organisations", 1) ==
            std::vector<std::string>{"1"});
}

TEST_CASE("open: a SQLite file and its companions are for their owner alone") {
    World world(Kind::sqlite_file);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat info {};
        REQUIRE(::stat((world.location + suffix).c_str(), &info) == 0);
        REQUIRE((info.st_mode & 0777U) == 0600);
    }
}

TEST_CASE("open: a place that cannot be is an error that names it") {
    const auto missing = storage::open_database("/nowhere/at/all/gantry.db");
    REQUIRE(!missing);
    REQUIRE(missing.error().message.find("/nowhere/at/all") != std::string::npos);
    REQUIRE(!storage::open_database(""));
    REQUIRE(!storage::open_database(":memory:"));
}

TEST_CASE("open: no PostgreSQL there is unavailable, and no message tells the password") {
    const auto unreadable = storage::open_database("postgresql://me:s3cret%zz@host/db");
    REQUIRE(!unreadable);
    REQUIRE(unreadable.error().code == ErrorCode::invalid_input);
    REQUIRE(unreadable.error().message.find("s3cret") == std::string::npos);
    const auto nobody = storage::open_database("postgresql://me:s3cret@%2Fnowhere/db");
    REQUIRE(nobody);
    const auto refused = storage::migrate(**nobody);
    REQUIRE(!refused);
    REQUIRE(refused.error().code == ErrorCode::unavailable);
    REQUIRE(refused.error().message.find("s3cret") == std::string::npos);
}
