// What is SQLite's own; what both engines share is in tests/contract/storage.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/storage/database.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::storage;

namespace {

std::unique_ptr<Database> open(const std::string& location) {
    auto database = open_database(location);
    REQUIRE(database);
    return std::move(*database);
}

std::unique_ptr<Connection> connect(Database& database, Durability d = Durability::full) {
    auto connection = database.connect(d);
    REQUIRE(connection);
    return std::move(*connection);
}

std::string pragma(Connection& connection, const std::string& name) {
    auto statement = connection.prepare("PRAGMA " + name);
    REQUIRE(statement);
    REQUIRE((*statement)->step().value());
    auto text = (*statement)->text(0);
    (*statement)->reset();
    return text;
}

std::int64_t count(Connection& connection, const std::string& table) {
    auto statement = connection.prepare("SELECT COUNT(*) FROM " + table);
    REQUIRE(statement);
    REQUIRE((*statement)->step().value());
    const auto rows = (*statement)->integer(0);
    (*statement)->reset();
    return rows;
}

}  // namespace

TEST_CASE("sqlite: a new file can be read by its owner alone") {
    const test::TemporaryDirectory dir;
    const auto path = dir.file("records.db");
    const auto database = open(path);
    auto connection = connect(*database);
    REQUIRE(connection->execute("CREATE TABLE t (a BIGINT)"));
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        struct stat info {};
        REQUIRE(::stat((path + suffix).c_str(), &info) == 0);
        CHECK((info.st_mode & 0777U) == 0600U);
    }
}

TEST_CASE("sqlite: durability decides how a commit reaches the disk") {
    const test::TemporaryDirectory dir;
    const auto database = open(dir.file("records.db"));
    CHECK(pragma(*connect(*database, Durability::full), "synchronous") == "2");
    CHECK(pragma(*connect(*database, Durability::normal), "synchronous") == "1");
    CHECK(pragma(*connect(*database), "journal_mode") == "wal");
    CHECK(pragma(*connect(*database), "foreign_keys") == "1");
    CHECK(pragma(*connect(*database), "wal_autocheckpoint") == "16384");
}

TEST_CASE("sqlite: a read-only connection cannot write") {
    const test::TemporaryDirectory dir;
    const auto database = open(dir.file("records.db"));
    REQUIRE(connect(*database)->execute("CREATE TABLE t (a BIGINT)"));
    auto reader = database->connect_read_only();
    REQUIRE(reader);
    const auto refused = (*reader)->execute("INSERT INTO t VALUES (1)");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::forbidden);
}

TEST_CASE(
    "sqlite: readers of a file go on while a transaction is open, and see what is committed") {
    const test::TemporaryDirectory dir;
    const auto database = open(dir.file("records.db"));
    auto writer = connect(*database);
    auto reader = std::move(*database->connect_read_only());
    REQUIRE(writer->execute("CREATE TABLE t (a BIGINT)"));
    auto transaction = Transaction::begin(*writer);
    REQUIRE(transaction);
    REQUIRE(writer->execute("INSERT INTO t VALUES (1)"));
    CHECK(count(*reader, "t") == 0);
    REQUIRE(transaction->commit());
    CHECK(count(*reader, "t") == 1);
}

TEST_CASE("sqlite: a database in memory is shared by its name and gone with its last owner") {
    {
        const auto first = open(":memory:shared");
        REQUIRE(connect(*first)->execute("CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)"));
        const auto second = open(":memory:shared");
        CHECK(count(*connect(*second), "t") == 1);
        CHECK(count(**second->connect_read_only(), "t") == 1);
        const auto other = open(":memory:other");
        CHECK_FALSE(connect(*other)->prepare("SELECT a FROM t"));
    }
    const auto again = open(":memory:shared");
    CHECK_FALSE(connect(*again)->prepare("SELECT a FROM t"));
}

TEST_CASE("sqlite: a place that cannot be a database is told by name") {
    const auto nowhere = open_database("/nonexistent/folder/records.db");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == ErrorCode::unavailable);
    CHECK(nowhere.error().message.find("/nonexistent/folder/records.db") != std::string::npos);
    CHECK(open_database("").error().code == ErrorCode::invalid_input);
    CHECK(open_database(":memory:").error().code == ErrorCode::invalid_input);
    CHECK(open_database(":memory:a?b").error().code == ErrorCode::invalid_input);
}

TEST_CASE("sqlite: a file that is no database is corrupt") {
    const test::TemporaryDirectory dir;
    const auto path = dir.file("records.db");
    FILE* file = std::fopen(path.c_str(), "w");
    for (int i = 0; i < 4096; ++i) std::fputc('x', file);
    std::fclose(file);
    const auto opened = open_database(path);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::corrupt);
}

TEST_CASE("sqlite: a full disk is a limit, and what was open is not half committed") {
    const test::TemporaryDirectory dir;
    const auto database = open(dir.file("records.db"));
    auto connection = connect(*database);
    REQUIRE(connection->execute("CREATE TABLE t (a TEXT)"));
    REQUIRE(connection->execute("PRAGMA max_page_count = 20"));
    auto transaction = Transaction::begin(*connection);
    REQUIRE(transaction);
    auto insert = connection->prepare("INSERT INTO t VALUES ($1)");
    REQUIRE(insert);
    const std::string page(3000, 'x');
    Result<void> stored;
    for (int i = 0; i < 100 && stored; ++i) {
        (*insert)->bind(1, page);
        stored = (*insert)->run();
    }
    REQUIRE_FALSE(stored);
    CHECK(stored.error().code == ErrorCode::limit);
    // SQLite may have ended the transaction by itself: no later row may slip in alone.
    (*insert)->bind(1, std::string_view("small"));
    const auto later = (*insert)->run();
    const auto committed = transaction->commit();
    CHECK(later.has_value() == committed.has_value());
    if (!committed) CHECK(count(*connection, "t") == 0);
    CHECK_FALSE(connection->in_transaction());
    CHECK(Transaction::begin(*connection));
}

TEST_CASE("sqlite: parameters are found by their number, in any order") {
    const auto database = open(":memory:numbers");
    auto connection = connect(*database);
    auto statement = connection->prepare("SELECT $2, $1, $2");
    REQUIRE(statement);
    (*statement)->bind(1, std::int64_t{10}).bind(2, std::int64_t{20});
    REQUIRE((*statement)->step().value());
    CHECK((*statement)->integer(0) == 20);
    CHECK((*statement)->integer(1) == 10);
    CHECK((*statement)->integer(2) == 20);
}

TEST_CASE("sqlite: a second writer waits for the first, then gives up as unavailable") {
    const test::TemporaryDirectory dir;
    const auto database = open(dir.file("records.db"));
    auto first = connect(*database);
    auto second = connect(*database);
    REQUIRE(second->execute("PRAGMA busy_timeout = 10"));
    auto held = Transaction::begin(*first);
    REQUIRE(held);
    const auto refused = Transaction::begin(*second);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    REQUIRE(held->commit());
    CHECK(Transaction::begin(*second));
}
