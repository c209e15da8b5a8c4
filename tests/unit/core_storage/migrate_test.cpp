#include <catch2/catch.hpp>

#include "core/storage/migrations.hpp"

using namespace gantry;
using namespace gantry::storage;

TEST_CASE("migrate: versions rise from 1 without a gap") {
    int expected = 1;
    for (const auto& migration : migrations()) CHECK(migration.version == expected++);
    CHECK(expected > 1);
}

TEST_CASE("migrate: every placeholder is known in both dialects") {
    for (const auto& migration : migrations()) {
        for (const auto engine : {Engine::sqlite, Engine::postgres}) {
            CHECK(in_dialect(migration.text, engine).find("{{") == std::string::npos);
        }
    }
    CHECK(in_dialect("id {{pk}}, b {{blob}}", Engine::postgres) ==
          "id BIGINT PRIMARY KEY, b BYTEA");
    CHECK(in_dialect("id {{pk}}, b {{blob}}", Engine::sqlite) == "id INTEGER PRIMARY KEY, b BLOB");
}

TEST_CASE(
    "migrate: a new database has the default organisation and site; a second run changes nothing") {
    auto database = open_database(":memory:migrate");
    REQUIRE(database);
    for (int run = 0; run < 2; ++run) {
        REQUIRE(migrate(**database));
        auto connection = std::move(*(*database)->connect_read_only());
        auto statement = connection->prepare(
            "SELECT o.name, s.name, s.id FROM sites s JOIN organisations o ON o.id = "
            "s.organisation_id");
        REQUIRE(statement);
        REQUIRE((*statement)->step().value());
        CHECK((*statement)->text(0) == "default");
        CHECK((*statement)->text(1) == "default");
        CHECK((*statement)->integer(2) == 1);
        CHECK_FALSE((*statement)->step().value());
    }
}

TEST_CASE("migrate: comments and spaces do not change what a migration is, statements do") {
    const auto identity = [](std::string_view text) { return identity_of({1, "0001_x", text}); };
    const std::string made = identity("CREATE TABLE a (b TEXT);\n");
    CHECK(made.starts_with("0001_x "));
    CHECK(made.size() == 7 + 16);
    CHECK(identity("-- why\nCREATE TABLE a (\n  b  TEXT -- what\n);") == made);
    CHECK_FALSE(identity("CREATE TABLE a (b BLOB);\n") == made);
}

TEST_CASE("migrate: a schema newer than the program is refused and left alone") {
    auto database = open_database(":memory:newer");
    REQUIRE(database);
    REQUIRE(migrate(**database));
    {
        auto connection = std::move(*(*database)->connect(Durability::full));
        REQUIRE(connection->execute("INSERT INTO schema_migrations VALUES (9999, 'future')"));
    }
    const auto refused = migrate(**database);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().message.find("9999") != std::string::npos);
}
