// What the contract runs over: every engine behind storage::Database, fresh and migrated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/storage/database.hpp"

namespace gantry::test {

enum class Kind { sqlite_file, sqlite_memory, postgres };

// Those that this machine has.
std::vector<Kind> kinds();
std::string name_of(Kind kind);
// For what PostgreSQL alone has. False with a warning: nothing is skipped in silence.
bool has_postgres();

// A new, empty place for a database; opening it twice opens the same one. Earlier ones end.
std::string fresh_location(Kind kind);
// Ends all connections of PostgreSQL as its restart would.
void drop_postgres_connections();

// A fresh database; migrated, with a connection that writes.
struct World {
    explicit World(Kind kind, bool migrated = true);
    std::unique_ptr<storage::Connection> connect();
    std::string location;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
};

// Runs `sql`; its rows as text, columns joined by '|', NULL as "null".
std::vector<std::string> rows(storage::Connection& connection, const std::string& sql, int columns);

}  // namespace gantry::test
