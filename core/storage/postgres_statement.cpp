#include "core/storage/postgres_statement.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gantry::storage {
namespace {

constexpr unsigned k_bytea = 17;  // pg_type.dat: BYTEAOID
// A protocol message counts its parameters in 16 bits.
constexpr int k_max_parameters = 65'535;

// The highest number of a $n outside quotes and comments.
int count_parameters(std::string_view sql) {
    int highest = 0;
    char quote = 0;
    for (std::size_t at = 0; at < sql.size(); ++at) {
        const char c = sql[at];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '-' && sql.substr(at, 2) == "--") {
            at = std::min(sql.find('\n', at), sql.size());
        } else if (c == '$') {
            int number = 0;
            std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
            highest = std::max(highest, number);
        }
    }
    return std::min(highest, k_max_parameters);
}

int nibble(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// "\x0aff", as bytea_output = hex writes it.
std::string from_hex(std::string_view text) {
    if (!text.starts_with("\\x")) return std::string(text);
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t at = 2; at + 1 < text.size(); at += 2) {
        out += static_cast<char>(nibble(text[at]) << 4 | nibble(text[at + 1]));
    }
    return out;
}

}  // namespace

PostgresStatement::PostgresStatement(PostgresConnection& connection, std::string name,
                                     std::string sql)
    : connection_(connection),
      name_(std::move(name)),
      sql_(std::move(sql)),
      values_(static_cast<std::size_t>(count_parameters(sql_))) {}

PostgresStatement::~PostgresStatement() {
    if (prepared_in_ == connection_.session().generation()) connection_.forget_on_server(name_);
}

Result<void> PostgresStatement::ensure_prepared() {
    PostgresSession& session = connection_.session();
    if (prepared_in_ == session.generation()) return {};
    if (auto done = session.prepare(name_, sql_); !done) return done;
    prepared_in_ = session.generation();
    return {};
}

void PostgresStatement::keep(int index, const char* what) {
    if (bind_error_) return;
    bind_error_ =
        fail(ErrorCode::invalid_input, std::string("postgresql: ") + what + " in parameter " +
                                           std::to_string(index) + " of " + sql_.substr(0, 72));
}

Statement& PostgresStatement::put(int index, std::string value, bool binary) {
    used_ = true;
    if (index < 1 || static_cast<std::size_t>(index) > values_.size()) {
        keep(index, "a value without a place");
        return *this;
    }
    values_[static_cast<std::size_t>(index) - 1] = {std::move(value), binary};
    return *this;
}

Statement& PostgresStatement::bind(int index, std::int64_t value) {
    return put(index, std::to_string(value), false);
}

Statement& PostgresStatement::bind(int index, double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return put(index, std::string(buffer, end), false);
}

Statement& PostgresStatement::bind(int index, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        used_ = true;
        keep(index, "text with NUL");
        return *this;
    }
    return put(index, std::string(text), false);
}

Statement& PostgresStatement::bind_blob(int index, Blob blob) {
    std::string bytes;
    if (!blob.empty()) bytes.assign(reinterpret_cast<const char*>(blob.data()), blob.size());
    return put(index, std::move(bytes), true);
}

Statement& PostgresStatement::bind_null(int index) {
    put(index, {}, false);
    if (index >= 1 && static_cast<std::size_t>(index) <= values_.size()) {
        values_[static_cast<std::size_t>(index) - 1].value.reset();
    }
    return *this;
}

Result<bool> PostgresStatement::step() {
    if (bind_error_) return *bind_error_;
    used_ = true;
    if (!executed_) {
        executed_ = true;
        if (auto usable = connection_.usable(); !usable) return usable.error();
        if (auto done = ensure_prepared(); !done) return done.error();
        auto result = connection_.session().run_prepared(name_, sql_, values_);
        if (!result) return std::move(result).error();
        result_ = std::move(*result);
        rows_ = PQntuples(result_.get());
    }
    if (row_ + 1 >= rows_) return false;
    ++row_;
    return true;
}

void PostgresStatement::reset() {
    if (!used_) return;
    for (PostgresValue& value : values_) value = {};
    result_.reset();
    bind_error_.reset();
    row_ = -1;
    rows_ = 0;
    used_ = false;
    executed_ = false;
}

std::string_view PostgresStatement::field(int column) const {
    if (is_null(column)) return {};
    return {PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

bool PostgresStatement::is_null(int column) const {
    if (row_ < 0 || row_ >= rows_ || column < 0 || column >= PQnfields(result_.get())) return true;
    return PQgetisnull(result_.get(), row_, column) != 0;
}

std::int64_t PostgresStatement::integer(int column) const {
    const std::string_view digits = field(column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

double PostgresStatement::real(int column) const {
    const std::string_view digits = field(column);
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string PostgresStatement::text(int column) const {
    const std::string_view raw = field(column);
    if (PQftype(result_.get(), column) == k_bytea) return from_hex(raw);
    return std::string(raw);
}

std::string PostgresStatement::blob(int column) const { return text(column); }

}  // namespace gantry::storage
