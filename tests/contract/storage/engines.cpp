#include "tests/contract/storage/engines.hpp"

#include <catch2/catch.hpp>

#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace gantry::test {
namespace {

// One server for the whole program: a cluster takes a second to make.
PostgresServer* server() {
    static const std::unique_ptr<PostgresServer> one = PostgresServer::start();
    return one.get();
}

}  // namespace

std::vector<Kind> kinds() {
    std::vector<Kind> out{Kind::sqlite_file, Kind::sqlite_memory};
    if (server() != nullptr) out.push_back(Kind::postgres);
    return out;
}

bool has_postgres() {
    if (server() != nullptr) return true;
    WARN("skipped: PostgreSQL is not installed");
    return false;
}

std::string name_of(Kind kind) {
    switch (kind) {
        case Kind::sqlite_file: return "SQLite in a file";
        case Kind::sqlite_memory: return "SQLite in memory";
        case Kind::postgres: return "PostgreSQL";
    }
    return "?";
}

std::string fresh_location(Kind kind) {
    static const TemporaryDirectory directory;
    static int count = 0;
    const std::string name = "contract" + std::to_string(++count);
    switch (kind) {
        case Kind::sqlite_file: return directory.file(name + ".db");
        case Kind::sqlite_memory: return ":memory:" + name;
        case Kind::postgres: return server()->fresh("contract");
    }
    return {};
}

void drop_postgres_connections() { server()->drop_connections(); }

World::World(Kind kind, bool migrated) : location(fresh_location(kind)) {
    auto opened = storage::open_database(location);
    REQUIRE(opened);
    database = std::move(*opened);
    if (migrated) {
        const auto done = storage::migrate(*database);
        if (!done) FAIL(done.error().message);
    }
    connection = connect();
}

std::unique_ptr<storage::Connection> World::connect() {
    auto opened = database->connect(storage::Durability::full);
    if (!opened) FAIL(opened.error().message);
    return std::move(*opened);
}

std::vector<std::string> rows(storage::Connection& connection, const std::string& sql,
                              int columns) {
    auto statement = connection.prepare(sql);
    if (!statement) FAIL(statement.error().message);
    std::vector<std::string> out;
    while (true) {
        const auto more = (*statement)->step();
        if (!more) FAIL(more.error().message);
        if (!*more) break;
        std::string row;
        for (int column = 0; column < columns; ++column) {
            if (column > 0) row += '|';
            row += (*statement)->is_null(column) ? "null" : (*statement)->text(column);
        }
        out.push_back(std::move(row));
    }
    (*statement)->reset();
    return out;
}

}  // namespace gantry::test
