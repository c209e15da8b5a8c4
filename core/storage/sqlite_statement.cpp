#include "core/storage/sqlite_statement.hpp"

#include <charconv>
#include <cstring>
#include <utility>

namespace gantry::storage {
namespace {

// Limits of an error's text: the head of a statement names its table.
constexpr std::size_t k_sql_in_message = 72;

ErrorCode code_of(int extended) {
    switch (extended & 0xff) {
        case SQLITE_CONSTRAINT:
            return extended == SQLITE_CONSTRAINT_UNIQUE ||
                           extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                           extended == SQLITE_CONSTRAINT_ROWID
                       ? ErrorCode::conflict
                       : ErrorCode::invalid_input;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PROTOCOL: return ErrorCode::unavailable;
        case SQLITE_FULL:
        case SQLITE_NOMEM: return ErrorCode::limit;
        case SQLITE_TOOBIG:
        case SQLITE_RANGE:
        case SQLITE_MISMATCH: return ErrorCode::invalid_input;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH: return ErrorCode::forbidden;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return ErrorCode::corrupt;
        default: return ErrorCode::internal;
    }
}

// The number in "$12"; 0 when the parameter is written otherwise.
int number_of(const char* name) {
    if (name == nullptr || name[0] != '$') return 0;
    int number = 0;
    const char* end = name + std::strlen(name);
    const auto parsed = std::from_chars(name + 1, end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number > 0 ? number : 0;
}

}  // namespace

Error sqlite_error(sqlite3* db, int code, std::string_view doing) {
    const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
    const bool same = (extended & 0xff) == (code & 0xff);
    std::string message = "sqlite: ";
    message += same && db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    message += " (";
    message += doing.substr(0, k_sql_in_message);
    message += ")";
    return fail(code_of(same ? extended : code), std::move(message));
}

SqliteStatement::SqliteStatement(sqlite3* db, sqlite3_stmt* statement, std::string sql,
                                 const bool* expects_transaction)
    : db_(db),
      statement_(statement),
      sql_(std::move(sql)),
      expects_transaction_(expects_transaction),
      parameters_(sqlite3_bind_parameter_count(statement)) {
    bool in_order = true;
    std::vector<int> positions(static_cast<std::size_t>(parameters_), 0);
    for (int at = 1; at <= parameters_; ++at) {
        const int number = number_of(sqlite3_bind_parameter_name(statement, at));
        in_order = in_order && number == at;
        if (number >= 1 && number <= parameters_) positions[number - 1] = at;
    }
    if (!in_order) positions_ = std::move(positions);
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

int SqliteStatement::position(int index) {
    used_ = true;
    if (positions_.empty()) return index;
    return index >= 1 && index <= parameters_ ? positions_[index - 1] : 0;
}

void SqliteStatement::keep(int code, int index) {
    if (code == SQLITE_OK || bind_error_) return;
    bind_error_ = sqlite_error(nullptr, code, "parameter " + std::to_string(index) + " of " + sql_);
}

Statement& SqliteStatement::bind(int index, std::int64_t value) {
    keep(sqlite3_bind_int64(statement_, position(index), value), index);
    return *this;
}

Statement& SqliteStatement::bind(int index, double value) {
    keep(sqlite3_bind_double(statement_, position(index), value), index);
    return *this;
}

Statement& SqliteStatement::bind(int index, std::string_view text) {
    const int at = position(index);
    if (std::memchr(text.data(), 0, text.size()) != nullptr) {
        if (!bind_error_) {
            bind_error_ = fail(ErrorCode::invalid_input, "sqlite: text with NUL in parameter " +
                                                             std::to_string(index) + " of " +
                                                             sql_.substr(0, k_sql_in_message));
        }
        return *this;
    }
    // A null pointer would bind NULL; an empty view may carry one.
    const char* data = text.data() != nullptr ? text.data() : "";
    keep(sqlite3_bind_text64(statement_, at, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
         index);
    return *this;
}

Statement& SqliteStatement::bind_blob(int index, Blob blob) {
    const int at = position(index);
    const void* data = blob.data() != nullptr ? static_cast<const void*>(blob.data()) : "";
    keep(sqlite3_bind_blob64(statement_, at, data, blob.size(), SQLITE_TRANSIENT), index);
    return *this;
}

Statement& SqliteStatement::bind_null(int index) {
    keep(sqlite3_bind_null(statement_, position(index)), index);
    return *this;
}

Result<bool> SqliteStatement::step() {
    if (bind_error_) return *bind_error_;
    if (done_) return false;
    // After a full disk or an I/O error SQLite ends the transaction by itself; going on would
    // commit the remaining rows one by one.
    if (*expects_transaction_ && sqlite3_get_autocommit(db_) != 0) {
        return fail(ErrorCode::unavailable, "sqlite: the transaction was rolled back by an error");
    }
    used_ = true;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    done_ = true;
    if (code == SQLITE_DONE) return false;
    Error error = sqlite_error(db_, code, sql_);
    sqlite3_reset(statement_);
    return error;
}

void SqliteStatement::reset() {
    if (!used_) return;
    sqlite3_reset(statement_);
    if (parameters_ > 0) sqlite3_clear_bindings(statement_);
    bind_error_.reset();
    used_ = false;
    done_ = false;
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double SqliteStatement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string SqliteStatement::text(int column) const {
    const auto* data = sqlite3_column_text(statement_, column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string SqliteStatement::blob(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

SqliteConnection::SqliteConnection(SqliteHandle db, bool read_only)
    : db_(std::move(db)), read_only_(read_only) {}

SqliteConnection::~SqliteConnection() {
    if (begun_) rollback();
    statements_.clear();  // before the handle goes
}

Result<Statement*> SqliteConnection::prepare(std::string_view sql) {
    if (SqliteStatement* known = statements_.find(sql); known != nullptr) {
        known->reset();
        return static_cast<Statement*>(known);
    }
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    if (code != SQLITE_OK) return sqlite_error(db_.get(), code, sql);
    if (raw == nullptr) return fail(ErrorCode::internal, "sqlite: an empty statement");
    auto made = std::make_unique<SqliteStatement>(db_.get(), raw, std::string(sql), &begun_);
    return static_cast<Statement*>(statements_.add(std::move(made)));
}

Result<void> SqliteConnection::execute(std::string_view script) {
    if (begun_ && sqlite3_get_autocommit(db_.get()) != 0) {
        return fail(ErrorCode::unavailable, "sqlite: the transaction was rolled back by an error");
    }
    const std::string text(script);
    const int code = sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(db_.get(), code, text);
    return {};
}

Result<void> SqliteConnection::run_cached(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return std::move(statement).error();
    return (*statement)->run();
}

Result<void> SqliteConnection::begin() {
    if (begun_) return fail(ErrorCode::internal, "sqlite: a transaction inside a transaction");
    auto done = run_cached(read_only_ ? "BEGIN" : "BEGIN IMMEDIATE");
    begun_ = done.has_value();
    return done;
}

Result<void> SqliteConnection::commit() {
    if (!begun_) return fail(ErrorCode::internal, "sqlite: commit without a transaction");
    if (sqlite3_get_autocommit(db_.get()) != 0) {
        begun_ = false;
        return fail(ErrorCode::unavailable, "sqlite: the transaction was rolled back by an error");
    }
    auto done = run_cached("COMMIT");
    if (!done) {
        rollback();
        return done;
    }
    begun_ = false;
    return done;
}

void SqliteConnection::rollback() noexcept {
    if (!begun_) return;
    begun_ = false;
    if (sqlite3_get_autocommit(db_.get()) != 0) return;
    // Readers of this connection would otherwise fail on their next step with an odd error.
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace gantry::storage
