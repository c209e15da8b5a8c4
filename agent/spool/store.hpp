// Store: the spool's tables and statements, nothing of its rules. Private to agent/spool. All
// writes happen between begin() and commit().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/spool/spool.hpp"

namespace gantry::agent {

// The write-ahead log, at its largest and, from opening on, always.
inline constexpr std::int64_t k_log_bytes = 512 * 1024;

enum class Table : std::uint8_t { keep, sample };

struct Row {
    std::int64_t seq = 0;
    RecordKind kind = RecordKind::sample;
    std::int64_t at_ms = 0;
    std::int64_t steady_ms = 0;  // of the boot below
    std::int64_t boot = 0;
    std::string payload;  // the record's JSON
};

// Rows taken together.
struct Tally {
    std::int64_t rows = 0;
    std::int64_t cost = 0;
};

// What a row takes on disk at most. SQLite fills pages of 4 KiB in order, and what a page wastes is
// less than the row that did not fit: a quarter for small rows, as much as the row itself for large
// ones, a page more for those that overflow.
[[nodiscard]] constexpr std::int64_t row_cost(std::size_t payload_bytes) {
    const auto bytes = static_cast<std::int64_t>(payload_bytes) + 40;
    if (bytes <= 1000) return bytes * 4 / 3 + 8;
    return bytes <= 4000 ? bytes * 2 : bytes + 2 * 4096;
}

class Store {
public:
    // Takes blocks on the disk ahead, so that a disk that others fill up later stops no writing: of
    // the log all, of the file some.
    static Result<std::unique_ptr<Store>> open(const std::string& path, const SpoolOpener& opener);

    Result<void> begin() { return connection_->begin(); }
    Result<void> commit() { return connection_->commit(); }
    void rollback() { connection_->rollback(); }

    Result<std::map<std::string, std::string>> load_meta();
    Result<void> set_meta(std::string_view key, std::string_view value);
    Result<Conditions> load_conditions();
    Result<void> set_condition(const ConditionKey& key, const Standing& standing);  // ok: removed
    struct Drop {
        RecordKind kind;
        std::string reason;
        std::int64_t pending;
        std::int64_t total;
    };
    Result<std::vector<Drop>> load_drops();
    Result<void> set_drop(const Drop& drop);

    Result<void> insert(Table table, const Row& row);
    Result<Tally> tally(Table table);
    Result<std::int64_t> file_bytes();   // of spool.db, free pages included
    Result<std::int64_t> highest_seq();  // of both tables; 0 when empty
    // Rows above `after`, of both tables in order, at most `limit`.
    Result<std::vector<Row>> rows(std::int64_t after, std::int64_t limit);
    Result<std::int64_t> seq_of_kind(RecordKind kind);  // oldest in keep; 0 when none
    // The oldest rows until `cost` is reached: the last one's seq and what they take together.
    struct Prefix {
        std::int64_t last_seq = 0;
        std::map<RecordKind, Tally> kinds;
    };
    Result<Prefix> oldest(Table table, std::int64_t cost);
    Result<Prefix> up_to(Table table, std::int64_t seq);
    Result<Prefix> older_than(Table table, std::int64_t at_ms);
    Result<void> erase_up_to(Table table, std::int64_t seq);  // of keep: not dropped records
    Result<void> erase_acknowledged(std::int64_t seq);        // of both, everything
    Result<Tally> erase_kind(RecordKind kind);                // of keep
    Result<Tally> erase_one(Table table, std::int64_t seq);

private:
    Store(std::unique_ptr<storage::Database> database,
          std::unique_ptr<storage::Connection> connection)
        : database_(std::move(database)), connection_(std::move(connection)) {}
    Result<void> upgrade();
    Result<void> reserve_pages();
    Result<Prefix> prefix(std::string_view sql, std::int64_t bound, std::int64_t cost);
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Connection> connection_;
};

}  // namespace gantry::agent
