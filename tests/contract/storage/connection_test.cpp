// Connection and Statement: what holds on every engine.
#include <catch2/catch.hpp>
#include <limits>

#include "core/storage/migrations.hpp"
#include "tests/contract/storage/engines.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// A database with one empty table of every type that the schema uses.
struct Things : World {
    explicit Things(Kind kind) : World(kind, false) {
        const auto made = connection->execute(storage::in_dialect(
            "CREATE TABLE things (id {{pk}}, name TEXT UNIQUE, size BIGINT, data {{blob}})",
            database->engine()));
        REQUIRE(made);
    }
    storage::Statement& prepare(std::string_view sql) {
        auto statement = connection->prepare(sql);
        if (!statement) FAIL(statement.error().message);
        return **statement;
    }
    Result<void> insert(std::int64_t id, std::string_view name) {
        return prepare("INSERT INTO things (id, name) VALUES ($1, $2)")
            .bind(1, id)
            .bind(2, name)
            .run();
    }
    std::vector<std::string> names() {
        return rows(*connection, "SELECT name FROM things ORDER BY id", 1);
    }
};

storage::Blob as_blob(const std::string& bytes) {
    return std::as_bytes(std::span(bytes.data(), bytes.size()));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("statement: every value comes back as it was bound") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto& insert = world.prepare("INSERT INTO things (id, name, size, data) VALUES ($1,$2,$3,$4)");
    const std::string bytes("\0\x01\xff\\x'\"", 7);
    const std::string text = "a'b\"c\\ \xc3\xa4 \xf0\x9f\x98\x80 $1 ?";
    REQUIRE(insert.bind(1, std::numeric_limits<std::int64_t>::max())
                .bind(2, text)
                .bind(3, std::numeric_limits<std::int64_t>::min())
                .bind_blob(4, as_blob(bytes))
                .run());
    REQUIRE(insert.bind(1, std::int64_t{2}).bind(2, "").bind_null(3).bind_blob(4, {}).run());
    auto& read = world.prepare("SELECT id, name, size, data FROM things ORDER BY id DESC");
    REQUIRE(*read.step());
    REQUIRE(read.integer(0) == std::numeric_limits<std::int64_t>::max());
    REQUIRE(read.text(1) == text);
    REQUIRE(read.integer(2) == std::numeric_limits<std::int64_t>::min());
    REQUIRE(read.blob(3) == bytes);
    REQUIRE(*read.step());
    REQUIRE(!read.is_null(1));
    REQUIRE(read.text(1).empty());
    REQUIRE(read.is_null(2));
    REQUIRE(read.integer(2) == 0);
    REQUIRE(!read.is_null(3));
    REQUIRE(read.blob(3).empty());
    REQUIRE(!*read.step());
    REQUIRE(!*read.step());
}

TEST_CASE("statement: a real number keeps every bit") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto& echo = world.prepare("SELECT CAST($1 AS DOUBLE PRECISION)");
    for (const double value : {0.1, -1e300, 1.0 / 3, 5e-324}) {
        echo.bind(1, value);
        REQUIRE(*echo.step());
        REQUIRE(echo.real(0) == value);
        echo.reset();
    }
}

TEST_CASE("statement: text with NUL is refused at step, and the transaction goes on") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    auto refused = world.insert(1, std::string_view("a\0b", 3));
    REQUIRE(!refused);
    REQUIRE(refused.error().code == ErrorCode::invalid_input);
    REQUIRE(world.insert(2, "kept"));
    REQUIRE(transaction->commit());
    REQUIRE(world.names() == Names{"kept"});
}

TEST_CASE("statement: an error of bind is kept until step, and reset forgets it") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto& insert = world.prepare("INSERT INTO things (id, name) VALUES ($1, $2)");
    insert.bind(1, std::int64_t{1}).bind(2, "x").bind(3, "there is no third");
    auto stepped = insert.step();
    REQUIRE(!stepped);
    REQUIRE(stepped.error().code == ErrorCode::invalid_input);
    insert.reset();
    REQUIRE(insert.bind(1, std::int64_t{1}).bind(2, "x").run());
    REQUIRE(world.names() == Names{"x"});
}

TEST_CASE("statement: reset clears the bindings; an unbound parameter is NULL") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto& insert = world.prepare("INSERT INTO things (id, name) VALUES ($1, $2)");
    REQUIRE(insert.bind(1, std::int64_t{1}).bind(2, "x").run());
    REQUIRE(insert.bind(1, std::int64_t{2}).run());
    REQUIRE(world.names() == Names{"x", "null"});
}

TEST_CASE("statement: parameters may stand in any order and more than once") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto& insert = world.prepare("INSERT INTO things (name, id, size) VALUES ($2, $1, $1)");
    REQUIRE(insert.bind(1, std::int64_t{7}).bind(2, "seven").run());
    REQUIRE(rows(*world.connection, "SELECT id, name, size FROM things", 3) == Names{"7|seven|7"});
}

TEST_CASE("prepare: the same text is the same statement, reset") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(world.insert(1, "a"));
    REQUIRE(world.insert(2, "b"));
    auto& first = world.prepare("SELECT id FROM things ORDER BY id");
    REQUIRE(*first.step());
    auto& again = world.prepare(std::string("SELECT id FROM things ORDER BY id"));
    REQUIRE(&again == &first);
    REQUIRE(*again.step());
    REQUIRE(again.integer(0) == 1);
}

TEST_CASE("prepare: a wrong statement is an error at once") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(!world.connection->prepare("SELECT nothing FROM nowhere"));
    REQUIRE(!world.connection->prepare("SELEKT 1"));
    REQUIRE(world.insert(1, "still works"));
}

TEST_CASE("prepare: more texts than the cache holds, and all still work") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(world.insert(1, "a"));
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 300; ++i) {
            const std::string sql = "SELECT size FROM things WHERE id <> " + std::to_string(-i);
            REQUIRE(*world.prepare(sql).step());
            world.prepare(sql).reset();
        }
    }
}

TEST_CASE("statement: others run while one is read") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    for (std::int64_t id = 1; id <= 3; ++id) REQUIRE(world.insert(id, std::to_string(id)));
    auto& read = world.prepare("SELECT id FROM things WHERE id <= 3 ORDER BY id");
    std::int64_t sum = 0;
    while (*read.step()) {
        auto& one = world.prepare("SELECT size + 0 FROM things WHERE id = $1");
        REQUIRE(*one.bind(1, read.integer(0)).step());
        one.reset();
        sum += read.integer(0);
    }
    REQUIRE(sum == 6);
}

TEST_CASE("transaction: commit keeps, the destructor rolls back") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    {
        auto kept = storage::Transaction::begin(*world.connection);
        REQUIRE(kept);
        REQUIRE(world.connection->in_transaction());
        REQUIRE(world.insert(1, "kept"));
        REQUIRE(kept->commit());
        REQUIRE(!world.connection->in_transaction());
    }
    {
        auto dropped = storage::Transaction::begin(*world.connection);
        REQUIRE(dropped);
        REQUIRE(world.insert(2, "dropped"));
        REQUIRE(world.names() == Names{"kept", "dropped"});
    }
    REQUIRE(!world.connection->in_transaction());
    REQUIRE(world.names() == Names{"kept"});
    REQUIRE(rows(*world.connect(), "SELECT name FROM things", 1) == Names{"kept"});
}

TEST_CASE("transaction: begun twice, or committed without one, is a defect with a name") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(world.connection->commit().error().code == ErrorCode::internal);
    REQUIRE(world.connection->begin());
    REQUIRE(world.connection->begin().error().code == ErrorCode::internal);
    world.connection->rollback();
    world.connection->rollback();
    REQUIRE(world.connection->begin());
    REQUIRE(world.connection->commit());
}

TEST_CASE("transaction: a unique violation is a conflict, and the rollback leaves nothing") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(world.insert(1, "one"));
    {
        auto transaction = storage::Transaction::begin(*world.connection);
        REQUIRE(transaction);
        REQUIRE(world.insert(2, "two"));
        REQUIRE(world.insert(3, "one").error().code == ErrorCode::conflict);
    }
    REQUIRE(world.insert(1, "same key").error().code == ErrorCode::conflict);
    REQUIRE(world.names() == Names{"one"});
    REQUIRE(world.insert(2, "two"));
}

TEST_CASE("transaction: a savepoint takes back what failed after it, and no more") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    REQUIRE(world.insert(1, "before"));
    REQUIRE(world.connection->execute("SAVEPOINT command"));
    REQUIRE(world.insert(2, "within"));
    REQUIRE(world.insert(1, "again").error().code == ErrorCode::conflict);
    REQUIRE(world.connection->execute("ROLLBACK TO SAVEPOINT command"));
    REQUIRE(world.insert(3, "after"));
    REQUIRE(transaction->commit());
    REQUIRE(world.names() == Names{"before", "after"});
}

TEST_CASE("transaction: nobody else sees it before its commit") {
    const Kind kind = GENERATE(from_range(kinds()));
    if (kind == Kind::sqlite_memory) return;  // locks readers out instead
    INFO(name_of(kind));
    Things world(kind);
    auto reader = world.database->connect_read_only();
    REQUIRE(reader);
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    REQUIRE(world.insert(1, "x"));
    REQUIRE(rows(**reader, "SELECT name FROM things", 1).empty());
    REQUIRE(transaction->commit());
    REQUIRE(rows(**reader, "SELECT name FROM things", 1) == Names{"x"});
}

TEST_CASE("transaction: what it reads does not change under it") {
    const Kind kind = GENERATE(from_range(kinds()));
    if (kind == Kind::sqlite_memory) return;  // locks the writer out instead
    INFO(name_of(kind));
    Things world(kind);
    auto reader = world.database->connect_read_only();
    REQUIRE(reader);
    REQUIRE((*reader)->begin());
    REQUIRE(rows(**reader, "SELECT name FROM things", 1).empty());
    REQUIRE(world.insert(1, "x"));
    REQUIRE(rows(**reader, "SELECT name FROM things", 1).empty());
    REQUIRE((*reader)->commit());
    REQUIRE(rows(**reader, "SELECT name FROM things", 1) == Names{"x"});
}

TEST_CASE("read-only connections: refuse to write") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    REQUIRE(world.insert(1, "x"));
    auto reader = world.database->connect_read_only();
    REQUIRE(reader);
    const auto refused = (*reader)->execute("DELETE FROM things");
    REQUIRE(!refused);
    REQUIRE(refused.error().code == ErrorCode::forbidden);
    REQUIRE(world.names() == Names{"x"});
}

TEST_CASE("text: is ordered and lowered byte by byte on every engine") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Things world(kind);
    std::int64_t id = 0;
    for (const char* name : {"b", "B", "a", "_", "\xc3\x84", "A-1", "A1"}) {
        REQUIRE(world.insert(++id, name));
    }
    REQUIRE(rows(*world.connection, "SELECT LOWER(name) FROM things ORDER BY name", 1) ==
            Names{"a-1", "a1", "b", "_", "a", "b", "\xc3\x84"});
}

TEST_CASE("postgres: a broken connection is opened anew at the next transaction, statements too") {
    if (!has_postgres()) return;
    Things world(Kind::postgres);
    auto& insert = world.prepare("INSERT INTO things (id, name) VALUES ($1, $2)");
    REQUIRE(insert.bind(1, std::int64_t{1}).bind(2, "before").run());
    drop_postgres_connections();
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    REQUIRE(insert.bind(1, std::int64_t{2}).bind(2, "after").run());
    REQUIRE(transaction->commit());
    REQUIRE(world.names() == Names{"before", "after"});
}

TEST_CASE("postgres: a connection lost inside a transaction loses the transaction, and says so") {
    if (!has_postgres()) return;
    Things world(Kind::postgres);
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    REQUIRE(world.insert(1, "lost"));
    drop_postgres_connections();
    SECTION("noticed by a statement") {
        REQUIRE(world.insert(2, "x").error().code == ErrorCode::unavailable);
        REQUIRE(world.connection->prepare("SELECT 1").error().code == ErrorCode::unavailable);
        REQUIRE(transaction->commit().error().code == ErrorCode::unavailable);
    }
    SECTION("noticed by its commit") {
        REQUIRE(transaction->commit().error().code == ErrorCode::unavailable);
    }
    REQUIRE(world.names().empty());
    REQUIRE(world.insert(3, "works again"));
}

TEST_CASE("postgres: an error aborts the transaction, and its commit does not call that success") {
    if (!has_postgres()) return;
    Things world(Kind::postgres);
    auto transaction = storage::Transaction::begin(*world.connection);
    REQUIRE(transaction);
    REQUIRE(world.insert(1, "one"));
    REQUIRE(world.insert(1, "two").error().code == ErrorCode::conflict);
    REQUIRE(world.insert(2, "three").error().code == ErrorCode::unavailable);
    REQUIRE(transaction->commit().error().code == ErrorCode::unavailable);
    REQUIRE(world.names().empty());
}

TEST_CASE("postgres: two writers of one row, and the slower is told to try again") {
    if (!has_postgres()) return;
    Things world(Kind::postgres);
    REQUIRE(world.insert(1, "x"));
    auto other = world.connect();
    REQUIRE(world.connection->begin());
    REQUIRE(world.names() == Names{"x"});
    REQUIRE(other->execute("UPDATE things SET size = 1"));
    REQUIRE(world.connection->execute("UPDATE things SET size = 2").error().code ==
            ErrorCode::unavailable);
    world.connection->rollback();
    REQUIRE(rows(*world.connection, "SELECT size FROM things", 1) == Names{"1"});
}
