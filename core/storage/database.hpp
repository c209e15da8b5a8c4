// Database: the one door to SQL, over SQLite and PostgreSQL alike. Statements are written once:
// parameters are $1, $2 ... in the order of first appearance (both engines take that form), values
// are always bound. Blocking; call it on a Worker.
//
// Threading: a Connection and its Statements belong to one thread at a time; a Database is
// thread-safe and hands out connections.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace gantry::storage {

using Blob = std::span<const std::byte>;

// A prepared statement. Bind, step until false, reset, bind again: never re-prepare per row.
// Errors of bind are kept and returned by the next step. Column indices are 0-based, parameter
// indices 1-based.
class Statement {
public:
    virtual ~Statement() = default;
    virtual Statement& bind(int index, std::int64_t value) = 0;
    virtual Statement& bind(int index, double value) = 0;
    virtual Statement& bind(int index, std::string_view text) = 0;  // copied
    virtual Statement& bind_blob(int index, Blob blob) = 0;         // copied
    virtual Statement& bind_null(int index) = 0;
    // True: a row is there to read. False: done. conflict on a unique violation, unavailable when
    // busy or disconnected, limit on a full disk.
    virtual Result<bool> step() = 0;
    virtual void reset() = 0;  // also clears the bindings

    [[nodiscard]] virtual bool is_null(int column) const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double real(int column) const = 0;
    [[nodiscard]] virtual std::string text(int column) const = 0;
    [[nodiscard]] virtual std::string blob(int column) const = 0;

    // One execution without rows: bind before, step, reset.
    Result<void> run();
};

class Connection {
public:
    virtual ~Connection() = default;
    // Cached per connection by the SQL's text: the second call costs a look-up. The statement is
    // reset and stays owned by the connection.
    virtual Result<Statement*> prepare(std::string_view sql) = 0;
    virtual Result<void> execute(std::string_view script) = 0;  // several statements, no parameters
    virtual Result<void> begin() = 0;                           // SQLite: IMMEDIATE
    virtual Result<void> commit() = 0;
    virtual void rollback() noexcept = 0;
    [[nodiscard]] virtual bool in_transaction() const = 0;
};

// Rolls back in the destructor unless commit() was called.
class Transaction {
public:
    static Result<Transaction> begin(Connection& connection);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Result<void> commit();

private:
    explicit Transaction(Connection& connection) : connection_(&connection) {}
    Connection* connection_;
};

enum class Engine : std::uint8_t { sqlite, postgres };
// Durability of a commit. full: on the disk when commit returns. normal: survives kill -9, not a
// power cut; only for data that the journal can rebuild. PostgreSQL is always full.
enum class Durability : std::uint8_t { full, normal };

class Database {
public:
    virtual ~Database() = default;
    [[nodiscard]] virtual Engine engine() const = 0;
    virtual Result<std::unique_ptr<Connection>> connect(Durability durability) = 0;
    virtual Result<std::unique_ptr<Connection>> connect_read_only() = 0;
};

// `location`: a file path, ":memory:<name>" (shared by the process until the last Database with
// that name is gone) or "postgresql://user@host/db". Creates a missing SQLite file (0600).
Result<std::unique_ptr<Database>> open_database(const std::string& location);

// Brings the schema up to date, each migration in its own transaction, under a lock so that two
// starters do not race. Refuses (conflict) a schema newer than this program.
Result<void> migrate(Database& database);

}  // namespace gantry::storage
