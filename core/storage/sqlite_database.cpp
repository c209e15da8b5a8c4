#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/storage/engines.hpp"
#include "core/storage/sqlite_statement.hpp"

namespace gantry::storage {
namespace {

// Measured: the page cache and the rare checkpoint together double the rows per CPU second of the
// fold's transaction.
constexpr const char* k_writer_pragmas =
    "PRAGMA cache_size = -131072;"  // KiB
    "PRAGMA wal_autocheckpoint = 16384;"
    "PRAGMA journal_size_limit = 67108864;";
constexpr const char* k_reader_pragmas =
    "PRAGMA cache_size = -8192;"
    "PRAGMA query_only = ON;";
constexpr const char* k_common_pragmas =
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA trusted_schema = OFF;";
// How long a writer waits for another one, in milliseconds.
constexpr int k_busy_timeout_ms = 5'000;

constexpr std::string_view k_memory_prefix = ":memory:";

// Where sqlite3_open_v2 finds it. In memory: the memdb file system, not the shared cache, because
// it locks like a file does (busy waits, no reader sees uncommitted rows).
struct Place {
    std::string uri;
    bool in_memory = false;
};

Result<Place> place_of(const std::string& location) {
    if (location.starts_with(k_memory_prefix)) {
        const std::string name = location.substr(k_memory_prefix.size());
        if (name.empty() || name.find_first_of("?#%/") != std::string::npos) {
            return fail(ErrorCode::invalid_input,
                        "database " + location + ": a plain name must follow :memory:");
        }
        return Place{"file:/gantry-" + name + "?vfs=memdb", true};
    }
    if (location.empty()) return fail(ErrorCode::invalid_input, "database: no path");
    return Place{location, false};
}

// SQLite makes files as the umask says, and -wal and -shm like the main file: so make that first.
Result<void> create_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(ErrorCode::unavailable, "database " + path + ": " + std::strerror(errno));
    }
    ::close(file);
    return {};
}

// Before SQLite's first use. Its count of all memory takes a lock at every allocation, and nobody
// reads it.
void configure_sqlite() {
    static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(done);
}

Result<SqliteHandle> open_handle(const Place& place) {
    configure_sqlite();
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                      (place.in_memory ? SQLITE_OPEN_URI : 0);
    const int code = sqlite3_open_v2(place.uri.c_str(), &raw, flags, nullptr);
    SqliteHandle db(raw);
    if (code != SQLITE_OK) return sqlite_error(raw, code, "open " + place.uri);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, k_busy_timeout_ms);
    return db;
}

Result<void> run_pragmas(sqlite3* db, const std::string& pragmas) {
    const int code = sqlite3_exec(db, pragmas.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(db, code, pragmas);
    return {};
}

class SqliteDatabase final : public Database {
public:
    SqliteDatabase(Place place, SqliteHandle keeper)
        : place_(std::move(place)), keeper_(std::move(keeper)) {}

    [[nodiscard]] Engine engine() const override { return Engine::sqlite; }

    Result<std::unique_ptr<Connection>> connect(Durability durability) override {
        std::string pragmas = k_common_pragmas;
        pragmas += k_writer_pragmas;
        pragmas += durability == Durability::full ? "PRAGMA synchronous = FULL;"
                                                  : "PRAGMA synchronous = NORMAL;";
        return make(std::move(pragmas), false);
    }

    Result<std::unique_ptr<Connection>> connect_read_only() override {
        std::string pragmas = k_common_pragmas;
        pragmas += k_reader_pragmas;
        if (!place_.in_memory) pragmas += "PRAGMA mmap_size = 67108864;";
        return make(std::move(pragmas), true);
    }

private:
    Result<std::unique_ptr<Connection>> make(std::string pragmas, bool read_only) {
        auto db = open_handle(place_);
        if (!db) return db.error();
        if (place_.in_memory) pragmas.insert(0, "PRAGMA journal_mode = MEMORY;");
        if (auto done = run_pragmas(db->get(), pragmas); !done) return done.error();
        return std::unique_ptr<Connection>(
            std::make_unique<SqliteConnection>(std::move(*db), read_only));
    }

    Place place_;
    SqliteHandle keeper_;  // a database in memory lives as long as one handle on it
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& location) {
    auto place = place_of(location);
    if (!place) return place.error();
    if (!place->in_memory) {
        if (auto made = create_private(location); !made) return made.error();
    }
    auto keeper = open_handle(*place);
    if (!keeper) return keeper.error();
    // WAL is a property of the file: set once, here, where nobody else writes yet.
    const char* mode =
        place->in_memory ? "PRAGMA journal_mode = MEMORY;" : "PRAGMA journal_mode = WAL;";
    if (auto done = run_pragmas(keeper->get(), mode); !done) {
        return fail(done.error().code, "database " + location + ": " + done.error().message);
    }
    if (!place->in_memory) keeper->reset();
    return std::unique_ptr<Database>(
        std::make_unique<SqliteDatabase>(std::move(*place), std::move(*keeper)));
}

}  // namespace gantry::storage
