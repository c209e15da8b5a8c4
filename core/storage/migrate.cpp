#include <cctype>
#include <iomanip>
#include <sstream>
#include <utility>

#include "core/base/hash.hpp"
#include "core/storage/database.hpp"
#include "core/storage/migrations.hpp"

namespace gantry::storage {
namespace {

constexpr std::string_view k_create_history =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
// An arbitrary number that no other program's advisory lock should have: "gantry" in ASCII.
constexpr std::string_view k_postgres_lock = "SELECT pg_advisory_lock(113668824494713)";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

// Until the connection closes we migrate alone. Taken outside the transactions: their snapshot must
// be younger than the lock. SQLite's IMMEDIATE has locked others out already.
Result<void> lock_out_others(Connection& connection, Engine engine) {
    if (engine != Engine::postgres) return {};
    return connection.execute(k_postgres_lock);
}

Result<std::int64_t> schema_version(Connection& connection) {
    auto statement = connection.prepare("SELECT COALESCE(MAX(version), 0) FROM schema_migrations");
    if (!statement) return statement.error();
    auto row = (*statement)->step();
    if (!row) return row.error();
    const auto version = (*statement)->integer(0);
    (*statement)->reset();
    return version;
}

// A store that an unreleased build made has the version and other tables: nothing would fit, and
// every write would fail.
Result<void> check_history(Connection& connection, std::span<const Migration> known) {
    auto statement =
        connection.prepare("SELECT version, name FROM schema_migrations ORDER BY version");
    if (!statement) return statement.error();
    while (true) {
        const auto row = (*statement)->step();
        if (!row) return row.error();
        if (!*row) break;
        const auto version = static_cast<std::size_t>((*statement)->integer(0));
        const std::string name = (*statement)->text(1);
        if (version < 1 || version > known.size() || name == identity_of(known[version - 1])) {
            continue;
        }
        (*statement)->reset();
        return fail(ErrorCode::conflict,
                    "schema: another build of Gantry made these tables (migration " +
                        std::to_string(version) + " is \"" + name + "\", here it is \"" +
                        identity_of(known[version - 1]) +
                        "\"). Use that build, or begin with an empty store");
    }
    (*statement)->reset();
    return {};
}

Result<void> record(Connection& connection, const Migration& migration) {
    auto statement =
        connection.prepare("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)");
    if (!statement) return statement.error();
    (*statement)->bind(1, std::int64_t{migration.version}).bind(2, identity_of(migration));
    return (*statement)->run();
}

// One migration in one transaction; a no-op when another starter was faster.
Result<void> apply(Connection& connection, Engine engine, const Migration& migration) {
    auto transaction = Transaction::begin(connection);
    if (!transaction) return transaction.error();
    auto version = schema_version(connection);
    if (!version) return version.error();
    if (*version >= migration.version) return {};
    if (auto done = connection.execute(in_dialect(migration.text, engine)); !done) {
        return fail(done.error().code,
                    "migration " + std::string(migration.name) + ": " + done.error().message);
    }
    if (auto done = record(connection, migration); !done) return done;
    return transaction->commit();
}

Result<std::int64_t> prepare_history(Connection& connection) {
    auto transaction = Transaction::begin(connection);
    if (!transaction) return transaction.error();
    if (auto done = connection.execute(k_create_history); !done) return done.error();
    auto version = schema_version(connection);
    if (!version) return version;
    if (auto done = transaction->commit(); !done) return done.error();
    return version;
}

}  // namespace

std::string in_dialect(std::string_view text, Engine engine) {
    const bool sqlite = engine == Engine::sqlite;
    std::string out(text);
    replace_all(out, "{{pk}}", sqlite ? "INTEGER PRIMARY KEY" : "BIGINT PRIMARY KEY");
    replace_all(out, "{{blob}}", sqlite ? "BLOB" : "BYTEA");
    replace_all(out, "{{without_rowid}}", sqlite ? "WITHOUT ROWID" : "");
    // Text is ordered and lowered byte by byte, as SQLite does it, whatever the cluster's locale.
    if (!sqlite) replace_all(out, " TEXT", " TEXT COLLATE \"C\"");
    return out;
}

std::string identity_of(const Migration& migration) {
    std::uint64_t hash = k_fnv1a_offset;
    bool comment = false;
    for (std::size_t at = 0; at < migration.text.size(); ++at) {
        if (migration.text.substr(at, 2) == "--") comment = true;
        const char c = migration.text[at];
        if (c == '\n') comment = false;
        if (!comment && std::isspace(static_cast<unsigned char>(c)) == 0)
            hash = fnv1a({&c, 1}, hash);
    }
    std::ostringstream out;
    out << migration.name << ' ' << std::hex << std::setw(16) << std::setfill('0') << hash;
    return out.str();
}

Result<void> migrate(Database& database) {
    auto connection = database.connect(Durability::full);
    if (!connection) return connection.error();
    if (auto locked = lock_out_others(**connection, database.engine()); !locked) return locked;
    auto version = prepare_history(**connection);
    if (!version) return version.error();
    const auto known = migrations();
    if (*version > static_cast<std::int64_t>(known.size())) {
        return fail(ErrorCode::conflict, "schema: version " + std::to_string(*version) +
                                             " is newer than this program's " +
                                             std::to_string(known.size()));
    }
    if (auto good = check_history(**connection, known); !good) return good;
    for (const auto& migration : known) {
        if (migration.version <= *version) continue;
        if (auto done = apply(**connection, database.engine(), migration); !done) return done;
    }
    return {};
}

}  // namespace gantry::storage
