// The embedded Journal: one SQLite file, append-only, WAL and synchronous=FULL, one blob a record.
// A writer thread takes whatever waits, up to the limits, and commits it once.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "core/journal/journal.hpp"

namespace gantry::journal {

struct EmbeddedJournalOptions {
    std::string path;                // the SQLite file; created 0600
    std::size_t max_waiting = 4096;  // appends waiting for a commit
    std::size_t max_waiting_bytes = 64 << 20;
    std::size_t max_batch = 512;        // records in one commit
    std::size_t tail_bytes = 32 << 20;  // recent records kept in memory for read()
    JournalSeq begin_after{};           // the next sequence is higher than this, durably
};

Result<std::unique_ptr<Journal>> open_embedded_journal(boost::asio::any_io_executor executor,
                                                       EmbeddedJournalOptions options);

}  // namespace gantry::journal
