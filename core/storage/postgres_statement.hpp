// The PostgreSQL side of Statement and Connection. A statement runs whole at its first step and is
// iterated from memory, so that others may run on the connection meanwhile, as with SQLite.
// Private to core/storage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/database.hpp"
#include "core/storage/postgres_session.hpp"
#include "core/storage/statement_cache.hpp"

namespace gantry::storage {

class PostgresConnection;

class PostgresStatement final : public Statement {
public:
    // The connection outlives its statements.
    PostgresStatement(PostgresConnection& connection, std::string name, std::string sql);
    ~PostgresStatement() override;

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

    // --- for PostgresConnection ---
    // Makes the server know the statement, again after a reconnect.
    Result<void> ensure_prepared();

private:
    Statement& put(int index, std::string value, bool binary);
    void keep(int index, const char* what);
    [[nodiscard]] std::string_view field(int column) const;

    PostgresConnection& connection_;
    std::string name_;
    std::string sql_;
    std::vector<PostgresValue> values_;
    PostgresResult result_;
    std::optional<Error> bind_error_;
    std::uint64_t prepared_in_ = 0;  // the session's generation; 0 = never
    int row_ = -1;
    int rows_ = 0;
    bool used_ = false;
    bool executed_ = false;
};

class PostgresConnection final : public Connection {
public:
    PostgresConnection(std::unique_ptr<PostgresSession> session, bool read_only);
    ~PostgresConnection() override;
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    Result<Statement*> prepare(std::string_view sql) override;
    Result<void> execute(std::string_view script) override;
    Result<void> begin() override;
    Result<void> commit() override;
    void rollback() noexcept override;
    [[nodiscard]] bool in_transaction() const override { return begun_; }

    // --- for PostgresStatement ---
    PostgresSession& session() { return *session_; }
    // The session may be used: not broken, and inside a transaction still the one it began on.
    [[nodiscard]] Result<void> usable() const;
    void forget_on_server(std::string name) { discarded_.push_back(std::move(name)); }

private:
    Result<void> heal();
    Result<void> start_transaction();
    Result<void> learn_outcome(const Error& broken);

    std::unique_ptr<PostgresSession> session_;
    bool read_only_;
    bool begun_ = false;
    std::uint64_t begun_in_ = 0;  // the generation of the transaction's session
    std::string transaction_id_;  // of a writer's transaction under way
    std::uint64_t names_ = 0;
    std::vector<std::string> discarded_;  // evicted statements that the server still holds
    StatementCache<PostgresStatement> statements_;
};

}  // namespace gantry::storage
