// JournalTable: the journal's one table and its SQL. Blocking; one thread at a time. Private to
// core/journal.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/journal/journal.hpp"
#include "core/storage/database.hpp"

namespace gantry::journal {

class JournalTable {
public:
    static Result<std::unique_ptr<JournalTable>> open(const std::string& path);

    // The highest sequence ever given, trimmed ones included; 0 when none was.
    [[nodiscard]] JournalSeq last() const { return last_; }
    // Leaves a gap, when it is not there already: the next sequence is higher than `seq`.
    Result<void> begin_after(JournalSeq seq);
    // Gives the records their sequences and commits them: all durable, or none.
    Result<void> append(std::span<Record* const> records);
    Result<std::vector<Record>> read(JournalSeq after, std::size_t max_records,
                                     std::size_t max_bytes);
    // Deletes the oldest records with seq <= upto and received before `before`, at most `max`.
    Result<std::int64_t> trim(JournalSeq upto, Instant before, std::int64_t max);

private:
    JournalTable(std::unique_ptr<storage::Database> database,
                 std::unique_ptr<storage::Connection> connection)
        : database_(std::move(database)), connection_(std::move(connection)) {}
    Result<void> prepare();
    Result<void> insert(const Record& record);

    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Connection> connection_;
    JournalSeq last_;
};

// Opened at the first use, on the thread that uses it.
class LazyJournalTable {
public:
    explicit LazyJournalTable(std::string path) : path_(std::move(path)) {}
    Result<std::vector<Record>> read(JournalSeq after, std::size_t max_records,
                                     std::size_t max_bytes);
    Result<std::int64_t> trim(JournalSeq upto, Instant before, std::int64_t max);

private:
    Result<JournalTable*> table();
    std::string path_;
    std::unique_ptr<JournalTable> table_;
};

}  // namespace gantry::journal
