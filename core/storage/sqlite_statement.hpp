// The SQLite side of Statement and Connection, over the C interface: SQLiteCpp throws on every busy
// or unique violation and looks parameters up by name, both too slow for the fold's transaction.
// Private to core/storage.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/database.hpp"
#include "core/storage/statement_cache.hpp"

namespace gantry::storage {

// What the engine's present error means for the caller.
Error sqlite_error(sqlite3* db, int code, std::string_view doing);

struct SqliteCloser {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using SqliteHandle = std::unique_ptr<sqlite3, SqliteCloser>;

class SqliteStatement final : public Statement {
public:
    // `expects_transaction` points at the connection's flag and outlives the statement.
    SqliteStatement(sqlite3* db, sqlite3_stmt* statement, std::string sql,
                    const bool* expects_transaction);
    ~SqliteStatement() override;

    Statement& bind(int index, std::int64_t value) override;
    Statement& bind(int index, double value) override;
    Statement& bind(int index, std::string_view text) override;
    Statement& bind_blob(int index, Blob blob) override;
    Statement& bind_null(int index) override;
    Result<bool> step() override;
    void reset() override;
    [[nodiscard]] bool is_null(int column) const override;
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] double real(int column) const override;
    [[nodiscard]] std::string text(int column) const override;
    [[nodiscard]] std::string blob(int column) const override;

    // --- for StatementCache ---
    [[nodiscard]] std::string_view sql() const { return sql_; }
    [[nodiscard]] bool idle() const { return !used_; }
    std::uint64_t last_used = 0;

private:
    // SQLite's own number of $index, or 0 with the error kept.
    int position(int index);
    void keep(int code, int index);

    sqlite3* db_;
    sqlite3_stmt* statement_;
    std::string sql_;
    const bool* expects_transaction_;
    std::vector<int> positions_;  // only when the numbers are not in order of appearance
    int parameters_ = 0;
    std::optional<Error> bind_error_;
    bool used_ = false;  // bound or stepped since the last reset
    bool done_ = false;
};

class SqliteConnection final : public Connection {
public:
    SqliteConnection(SqliteHandle db, bool read_only);
    ~SqliteConnection() override;
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    Result<Statement*> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view script) override;
    Result<void> begin() override;
    Result<void> commit() override;
    void rollback() noexcept override;
    [[nodiscard]] bool in_transaction() const override { return begun_; }

private:
    Result<void> run_cached(std::string_view sql);

    SqliteHandle db_;
    bool read_only_;
    bool begun_ = false;
    StatementCache<SqliteStatement> statements_;
};

}  // namespace gantry::storage
