#include "agent/spool/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::agent {
namespace {

using storage::Statement;

// One process owns the file, so the lock is taken once and no shared memory is mapped. The log
// stays small, because it counts against the cap, and keeps the blocks that it has.
constexpr const char* k_pragmas =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA cache_size = -256;"
    "PRAGMA wal_autocheckpoint = 32;"
    "PRAGMA journal_size_limit = 524288;"
    "PRAGMA mmap_size = 0;";

constexpr const char* k_schema =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS keep(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, steady_ms INTEGER NOT NULL, boot INTEGER NOT NULL,"
    " cost INTEGER NOT NULL, payload TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS sample(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, steady_ms INTEGER NOT NULL, boot INTEGER NOT NULL,"
    " cost INTEGER NOT NULL, payload TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS condition(check_id TEXT NOT NULL, instance TEXT NOT NULL,"
    " condition INTEGER NOT NULL, judged INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(check_id, instance)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS dropped(kind INTEGER NOT NULL, reason TEXT NOT NULL,"
    " pending INTEGER NOT NULL, total INTEGER NOT NULL, PRIMARY KEY(kind, reason)) WITHOUT ROWID;";

static_assert(k_log_bytes == 524288);
constexpr std::int64_t k_page_bytes = 4096;
constexpr std::int64_t k_reserved_bytes = 262144;
// Its blob takes all of them, and dropping it leaves them to whoever comes next.
constexpr const char* k_reserve =
    "DROP TABLE IF EXISTS reserve;"
    "CREATE TABLE reserve(bytes BLOB NOT NULL);"
    "INSERT INTO reserve VALUES(zeroblob(262144));"
    "DROP TABLE reserve;";

constexpr std::int64_t k_no_end = INT64_MAX;
// A dropped record is the account of the others: it is never evicted itself.
static_assert(static_cast<int>(RecordKind::dropped) == 4);

std::string table_sql(Table table, std::string_view before, std::string_view after) {
    std::string out(before);
    out += table == Table::keep ? "keep" : "sample";
    out += after;
    return out;
}

// Calls take(statement) for each row.
template <class Take>
Result<void> each_row(Statement& statement, Take take) {
    for (;;) {
        const auto more = statement.step();
        if (!more) {
            statement.reset();
            return more.error();
        }
        if (!*more) break;
        take(statement);
    }
    statement.reset();
    return {};
}

// Gives the log all of its blocks now. Only while nobody has it open: SQLite reads what follows the
// last frame, or stands instead of the first, as the end.
void extend_log(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    const std::string zeros(4096, '\0');
    for (std::int64_t end = ::lseek(file, 0, SEEK_END); end >= 0 && end < k_log_bytes;) {
        const ssize_t wrote = ::write(file, zeros.data(), zeros.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) break;  // a full disk: with less, then
        end += wrote;
    }
    ::close(file);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const SpoolOpener& opener) {
    auto database = opener(path);
    if (!database) return database.error();
    extend_log(path + "-wal");
    auto connection = (*database)->connect(storage::Durability::full);
    if (!connection) return connection.error();
    for (const char* script : {k_pragmas, k_schema}) {
        if (auto done = (*connection)->execute(script); !done) return done.error();
    }
    std::unique_ptr<Store> store(new Store(std::move(*database), std::move(*connection)));
    if (auto done = store->upgrade(); !done) return done.error();
    if (auto done = store->reserve_pages(); !done) return done.error();
    auto check = store->connection_->prepare("PRAGMA quick_check(1)");
    if (!check) return check.error();
    std::string verdict;
    const auto read = each_row(**check, [&](Statement& row) { verdict = row.text(0); });
    if (!read) return read.error();
    if (verdict != "ok") return fail(ErrorCode::corrupt, path + ": " + verdict);
    // Reserving and checking filled the cache with pages that nobody asks for again.
    if (auto done = store->connection_->execute("PRAGMA shrink_memory"); !done) return done.error();
    return store;
}

// Files of before `judged` was kept.
Result<void> Store::upgrade() {
    auto columns = connection_->prepare(
        "SELECT count(*) FROM pragma_table_info('condition') WHERE name = 'judged'");
    if (!columns) return columns.error();
    bool has_judged = false;
    auto read = each_row(**columns, [&](Statement& row) { has_judged = row.integer(0) > 0; });
    if (!read || has_judged) return read;
    return connection_->execute(
        "ALTER TABLE condition ADD COLUMN judged INTEGER NOT NULL DEFAULT 0");
}

Result<std::int64_t> Store::file_bytes() {
    auto pages = connection_->prepare("PRAGMA page_count");
    if (!pages) return pages.error();
    std::int64_t count = 0;
    const auto read = each_row(**pages, [&](Statement& row) { count = row.integer(0); });
    if (!read) return read.error();
    return count * k_page_bytes;
}

// A disk without room for it now is no reason not to begin.
Result<void> Store::reserve_pages() {
    const auto file = file_bytes();
    if (!file) return file.error();
    if (*file >= k_reserved_bytes) return {};
    const auto reserved = connection_->execute(k_reserve);
    if (!reserved && reserved.error().code == ErrorCode::corrupt) return reserved.error();
    return {};
}

Result<std::map<std::string, std::string>> Store::load_meta() {
    std::map<std::string, std::string> out;
    auto statement = connection_->prepare("SELECT key, value FROM meta");
    if (!statement) return statement.error();
    const auto read =
        each_row(**statement, [&](Statement& row) { out[row.text(0)] = row.text(1); });
    if (!read) return read.error();
    return out;
}

Result<void> Store::set_meta(std::string_view key, std::string_view value) {
    auto statement = connection_->prepare(
        "INSERT INTO meta(key, value) VALUES($1, $2)"
        " ON CONFLICT(key) DO UPDATE SET value = excluded.value");
    if (!statement) return statement.error();
    return (*statement)->bind(1, key).bind(2, value).run();
}

Result<Conditions> Store::load_conditions() {
    Conditions out;
    auto statement =
        connection_->prepare("SELECT check_id, instance, condition, judged FROM condition");
    if (!statement) return statement.error();
    const auto read = each_row(**statement, [&](Statement& row) {
        const auto told = static_cast<Condition>(row.integer(2) & 3);
        const auto judged = static_cast<Condition>(row.integer(3) & 3);
        out[{row.text(0), row.text(1)}] = {told, told == Condition::unknown ? judged : told};
    });
    if (!read) return read.error();
    return out;
}

Result<void> Store::set_condition(const ConditionKey& key, const Standing& standing) {
    if (standing.told == Condition::ok) {
        auto statement =
            connection_->prepare("DELETE FROM condition WHERE check_id = $1 AND instance = $2");
        if (!statement) return statement.error();
        return (*statement)
            ->bind(1, std::string_view(key.first))
            .bind(2, std::string_view(key.second))
            .run();
    }
    auto statement = connection_->prepare(
        "INSERT INTO condition(check_id, instance, condition, judged) VALUES($1, $2, $3, $4)"
        " ON CONFLICT(check_id, instance) DO UPDATE SET condition = excluded.condition,"
        " judged = excluded.judged");
    if (!statement) return statement.error();
    return (*statement)
        ->bind(1, std::string_view(key.first))
        .bind(2, std::string_view(key.second))
        .bind(3, static_cast<std::int64_t>(standing.told))
        .bind(4, static_cast<std::int64_t>(standing.judged))
        .run();
}

Result<std::vector<Store::Drop>> Store::load_drops() {
    std::vector<Drop> out;
    auto statement = connection_->prepare("SELECT kind, reason, pending, total FROM dropped");
    if (!statement) return statement.error();
    const auto read = each_row(**statement, [&](Statement& row) {
        out.push_back(
            {static_cast<RecordKind>(row.integer(0)), row.text(1), row.integer(2), row.integer(3)});
    });
    if (!read) return read.error();
    return out;
}

Result<void> Store::set_drop(const Drop& drop) {
    auto statement = connection_->prepare(
        "INSERT INTO dropped(kind, reason, pending, total) VALUES($1, $2, $3, $4)"
        " ON CONFLICT(kind, reason) DO UPDATE SET pending = excluded.pending,"
        " total = excluded.total");
    if (!statement) return statement.error();
    return (*statement)
        ->bind(1, static_cast<std::int64_t>(drop.kind))
        .bind(2, std::string_view(drop.reason))
        .bind(3, drop.pending)
        .bind(4, drop.total)
        .run();
}

Result<void> Store::insert(Table table, const Row& row) {
    auto statement =
        connection_->prepare(table_sql(table, "INSERT INTO ",
                                       "(seq, kind, at_ms, steady_ms, boot, cost, payload)"
                                       " VALUES($1, $2, $3, $4, $5, $6, $7)"));
    if (!statement) return statement.error();
    return (*statement)
        ->bind(1, row.seq)
        .bind(2, static_cast<std::int64_t>(row.kind))
        .bind(3, row.at_ms)
        .bind(4, row.steady_ms)
        .bind(5, row.boot)
        .bind(6, row_cost(row.payload.size()))
        .bind(7, std::string_view(row.payload))
        .run();
}

Result<Tally> Store::tally(Table table) {
    auto statement =
        connection_->prepare(table_sql(table, "SELECT count(*), coalesce(sum(cost), 0) FROM ", ""));
    if (!statement) return statement.error();
    Tally out;
    const auto read = each_row(**statement, [&](Statement& row) {
        out = Tally{row.integer(0), row.integer(1)};
    });
    if (!read) return read.error();
    return out;
}

Result<std::int64_t> Store::highest_seq() {
    auto statement = connection_->prepare(
        "SELECT max(coalesce((SELECT max(seq) FROM keep), 0),"
        " coalesce((SELECT max(seq) FROM sample), 0))");
    if (!statement) return statement.error();
    std::int64_t out = 0;
    const auto read = each_row(**statement, [&](Statement& row) { out = row.integer(0); });
    if (!read) return read.error();
    return out;
}

Result<std::vector<Row>> Store::rows(std::int64_t after, std::int64_t limit) {
    auto statement = connection_->prepare(
        "SELECT seq, kind, at_ms, steady_ms, boot, payload FROM keep WHERE seq > $1"
        " UNION ALL SELECT seq, kind, at_ms, steady_ms, boot, payload FROM sample WHERE seq > $1"
        " ORDER BY seq LIMIT $2");
    if (!statement) return statement.error();
    (*statement)->bind(1, after).bind(2, limit);
    std::vector<Row> out;
    const auto read = each_row(**statement, [&](Statement& row) {
        out.push_back({row.integer(0), static_cast<RecordKind>(row.integer(1)), row.integer(2),
                       row.integer(3), row.integer(4), row.text(5)});
    });
    if (!read) return read.error();
    return out;
}

Result<std::int64_t> Store::seq_of_kind(RecordKind kind) {
    auto statement = connection_->prepare("SELECT coalesce(min(seq), 0) FROM keep WHERE kind = $1");
    if (!statement) return statement.error();
    (*statement)->bind(1, static_cast<std::int64_t>(kind));
    std::int64_t out = 0;
    const auto read = each_row(**statement, [&](Statement& row) { out = row.integer(0); });
    if (!read) return read.error();
    return out;
}

Result<Store::Prefix> Store::prefix(std::string_view sql, std::int64_t bound, std::int64_t cost) {
    auto statement = connection_->prepare(sql);
    if (!statement) return statement.error();
    (*statement)->bind(1, bound);
    Prefix out;
    std::int64_t taken = 0;
    while (taken < cost) {
        const auto more = (*statement)->step();
        if (!more) {
            (*statement)->reset();
            return more.error();
        }
        if (!*more) break;
        out.last_seq = (*statement)->integer(0);
        Tally& tally = out.kinds[static_cast<RecordKind>((*statement)->integer(1))];
        tally.rows += 1;
        tally.cost += (*statement)->integer(2);
        taken += (*statement)->integer(2);
    }
    (*statement)->reset();
    return out;
}

Result<Store::Prefix> Store::oldest(Table table, std::int64_t cost) {
    return prefix(table_sql(table, "SELECT seq, kind, cost FROM ",
                            " WHERE seq > $1 AND kind <> 4 ORDER BY seq"),
                  0, cost);
}

Result<Store::Prefix> Store::up_to(Table table, std::int64_t seq) {
    return prefix(table_sql(table, "SELECT seq, kind, cost FROM ", " WHERE seq <= $1 ORDER BY seq"),
                  seq, k_no_end);
}

Result<Store::Prefix> Store::older_than(Table table, std::int64_t at_ms) {
    // In order of seq until the first young one: age follows seq unless the clock was set.
    return prefix(table_sql(table, "SELECT seq, kind, cost FROM ",
                            " WHERE at_ms < $1 AND seq < coalesce((SELECT min(seq) FROM sample"
                            " WHERE at_ms >= $1), 9223372036854775807) ORDER BY seq"),
                  at_ms, k_no_end);
}

Result<void> Store::erase_up_to(Table table, std::int64_t seq) {
    auto statement =
        connection_->prepare(table_sql(table, "DELETE FROM ", " WHERE seq <= $1 AND kind <> 4"));
    if (!statement) return statement.error();
    return (*statement)->bind(1, seq).run();
}

Result<void> Store::erase_acknowledged(std::int64_t seq) {
    for (const Table table : {Table::keep, Table::sample}) {
        auto statement = connection_->prepare(table_sql(table, "DELETE FROM ", " WHERE seq <= $1"));
        if (!statement) return statement.error();
        if (auto done = (*statement)->bind(1, seq).run(); !done) return done.error();
    }
    return {};
}

Result<Tally> Store::erase_kind(RecordKind kind) {
    auto statement =
        connection_->prepare("SELECT count(*), coalesce(sum(cost), 0) FROM keep WHERE kind = $1");
    if (!statement) return statement.error();
    (*statement)->bind(1, static_cast<std::int64_t>(kind));
    Tally out;
    const auto read = each_row(**statement, [&](Statement& row) {
        out = Tally{row.integer(0), row.integer(1)};
    });
    if (!read) return read.error();
    if (out.rows == 0) return out;
    auto erase = connection_->prepare("DELETE FROM keep WHERE kind = $1");
    if (!erase) return erase.error();
    if (auto done = (*erase)->bind(1, static_cast<std::int64_t>(kind)).run(); !done) {
        return done.error();
    }
    return out;
}

Result<Tally> Store::erase_one(Table table, std::int64_t seq) {
    auto found = connection_->prepare(table_sql(table, "SELECT cost FROM ", " WHERE seq = $1"));
    if (!found) return found.error();
    (*found)->bind(1, seq);
    Tally out;
    const auto read = each_row(**found, [&](Statement& row) { out = Tally{1, row.integer(0)}; });
    if (!read) return read.error();
    auto erase = connection_->prepare(table_sql(table, "DELETE FROM ", " WHERE seq = $1"));
    if (!erase) return erase.error();
    if (auto done = (*erase)->bind(1, seq).run(); !done) return done.error();
    return out;
}

}  // namespace gantry::agent
