#include "core/storage/postgres_session.hpp"

#include <libpq-fe.h>

#include <utility>

namespace gantry::storage {
namespace {

constexpr std::size_t k_sql_in_message = 72;

// A snapshot for the whole transaction, as SQLite gives it: a row that another writer changed
// meanwhile is an error (40001, unavailable: try again), never a silent lost update. A server set
// to acknowledge before writing is overruled: our commits are promises.
constexpr const char* k_settings =
    "SET statement_timeout = '30s'; SET lock_timeout = '10s';"
    "SET default_transaction_isolation = 'repeatable read';"
    "SET client_min_messages = 'error'; SET standard_conforming_strings = on;"
    "SET bytea_output = 'hex'; SET extra_float_digits = 1;"
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";
constexpr const char* k_read_only = "SET default_transaction_read_only = on";

bool starts_with_any(std::string_view state, std::initializer_list<std::string_view> classes) {
    for (const auto prefix : classes) {
        if (state.starts_with(prefix)) return true;
    }
    return false;
}

// PostgreSQL 15, appendix A.
ErrorCode code_of(std::string_view state) {
    if (state == "23505") return ErrorCode::conflict;  // unique_violation
    if (state == "57014") return ErrorCode::timeout;   // query_canceled
    if (state == "25006" || state == "42501") return ErrorCode::forbidden;
    if (state == "53100" || state == "53200") return ErrorCode::limit;  // disk, memory
    if (starts_with_any(state, {"22", "23", "54"})) return ErrorCode::invalid_input;
    if (starts_with_any(state, {"28"})) return ErrorCode::unauthorised;
    if (starts_with_any(state, {"XX001", "XX002"})) return ErrorCode::corrupt;
    // Gone, refused, too many, serialisation, deadlock, lock, shutdown, an aborted transaction.
    if (starts_with_any(state, {"08", "25P02", "40", "53", "55P03", "57P", "58"})) {
        return ErrorCode::unavailable;
    }
    return ErrorCode::internal;
}

std::string first_line(const char* text) {
    const std::string_view all(text != nullptr ? text : "");
    return std::string(all.substr(0, all.find('\n')));
}

void ignore_notice(void*, const char*) {}

}  // namespace

void PostgresResultDeleter::operator()(pg_result* result) const { PQclear(result); }

Result<std::unique_ptr<PostgresSession>> PostgresSession::open(const std::string& location,
                                                               bool read_only) {
    std::unique_ptr<PostgresSession> session(new PostgresSession(location, read_only));
    if (auto done = session->connect(); !done) return done.error();
    return session;
}

PostgresSession::~PostgresSession() { PQfinish(connection_); }

bool PostgresSession::is_broken() const { return PQstatus(connection_) != CONNECTION_OK; }

Result<void> PostgresSession::connect() {
    const char* const names[] = {"dbname",
                                 "client_encoding",
                                 "application_name",
                                 "connect_timeout",
                                 "tcp_user_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 nullptr};
    const char* const values[] = {
        location_.c_str(), "UTF8", "gantry", "5", "30000", "10", "5", "3", nullptr};
    PQfinish(std::exchange(connection_, PQconnectdbParams(names, values, 1)));
    ++generation_;
    if (connection_ == nullptr) return fail(ErrorCode::limit, "postgresql: out of memory");
    if (is_broken()) {
        return fail(ErrorCode::unavailable,
                    "postgresql: " + first_line(PQerrorMessage(connection_)));
    }
    PQsetNoticeProcessor(connection_, ignore_notice, nullptr);
    if (auto done = check_server(); !done) return done;
    if (auto done = run(k_settings); !done) return done.error();
    if (!read_only_) return {};
    if (auto done = run(k_read_only); !done) return done.error();
    return {};
}

Result<void> PostgresSession::check_server() {
    // Any other encoding would refuse or change some of the text that SQLite keeps.
    const char* encoding = PQparameterStatus(connection_, "server_encoding");
    if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        return fail(ErrorCode::invalid_input,
                    std::string("postgresql: the database's encoding is ") +
                        (encoding != nullptr ? encoding : "unknown") +
                        ", not UTF8; create it with ENCODING 'UTF8'");
    }
    if (PQserverVersion(connection_) < 130'000) {
        return fail(ErrorCode::invalid_input, "postgresql: the server is older than version 13");
    }
    return {};
}

Result<void> PostgresSession::reopen() { return connect(); }

Result<PostgresResult> PostgresSession::checked(pg_result* raw, std::string_view doing) {
    PostgresResult result(raw);
    const ExecStatusType status = PQresultStatus(raw);  // of null: PGRES_FATAL_ERROR
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        return result;
    }
    const char* state = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
    const char* primary = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
    std::string message = "postgresql: ";
    message += primary != nullptr ? primary : first_line(PQerrorMessage(connection_));
    if (state != nullptr) message += std::string(" [") + state + "]";
    message += " (";
    message += doing.substr(0, k_sql_in_message);
    message += ")";
    ErrorCode code = state != nullptr ? code_of(state) : ErrorCode::unavailable;
    if (is_broken()) code = ErrorCode::unavailable;
    return fail(code, std::move(message));
}

Result<PostgresResult> PostgresSession::run(const std::string& script) {
    return checked(PQexec(connection_, script.c_str()), script);
}

Result<void> PostgresSession::prepare(const std::string& name, const std::string& sql) {
    auto done = checked(PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr), sql);
    if (!done) return std::move(done).error();
    return {};
}

Result<PostgresResult> PostgresSession::run_prepared(const std::string& name,
                                                     const std::string& sql,
                                                     const std::vector<PostgresValue>& values) {
    std::vector<const char*> data;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (const PostgresValue& value : values) {
        data.push_back(value.value ? value.value->data() : nullptr);
        lengths.push_back(value.value ? static_cast<int>(value.value->size()) : 0);
        formats.push_back(value.binary ? 1 : 0);
    }
    return checked(PQexecPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                                  data.data(), lengths.data(), formats.data(), 0),
                   sql);
}

}  // namespace gantry::storage
