// What the contract runs over: every implementation of journal::Journal. A second one is added in
// journals.cpp: how it is opened in a directory of its own, how its writer is held up, how a kill
// leaves it, how its disk fills. Tests say "record 7 of this journal", never "row".
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/journal/journal.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/temporary_directory.hpp"

namespace gantry::test {

struct JournalLimits {
    std::size_t max_waiting = 4'096;
    std::size_t max_waiting_bytes = 64 << 20;
    std::size_t max_batch = 512;
    std::size_t cache_bytes = 32 << 20;
};

class JournalKind {
public:
    virtual ~JournalKind() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    virtual Result<std::unique_ptr<journal::Journal>> open(boost::asio::any_io_executor executor,
                                                           const std::string& directory,
                                                           JournalLimits limits) const = 0;
    // While it lives no append becomes durable; those that came in wait.
    virtual std::shared_ptr<void> hold(const std::string& directory) const = 0;
    // What a kill -9 would leave of the open journal in `from`, into `to`.
    virtual void copy_alive(const std::string& from, const std::string& to) const = 0;
    // Writes rubbish over the stored journal; returns what an error has to name.
    virtual std::string spoil(const std::string& directory) const = 0;
    // While it lives the disk takes no more than `bytes` for any one file of the journal.
    virtual std::shared_ptr<void> limit_disk(std::size_t bytes) const = 0;
};

// All implementations of this build.
const std::vector<std::unique_ptr<JournalKind>>& journal_kinds();

// An open journal with its executor.
struct JournalWorld {
    JournalWorld(const JournalKind& kind, const std::string& directory, JournalLimits limits = {});

    Result<JournalSeq> append(const std::string& body, std::int64_t at_ms = 1);
    std::vector<journal::Record> records(std::int64_t after, std::size_t max = 10'000,
                                         std::size_t max_bytes = 64 << 20);
    std::vector<std::string> bodies(std::int64_t after, std::size_t max = 10'000,
                                    std::size_t max_bytes = 64 << 20);
    std::int64_t trim(std::int64_t upto, std::int64_t before_ms);
    // Begins an append whose answer nobody waits for; context.poll() or run() takes it on.
    void begin_append(const std::string& body);
    // Appends all at once; their answers in the order of asking, once all have come.
    std::vector<Result<JournalSeq>> append_all(const std::vector<std::string>& bodies);

    boost::asio::io_context context;
    std::unique_ptr<journal::Journal> journal;
};

journal::Record record_of(const std::string& body, std::int64_t at_ms = 1);

}  // namespace gantry::test
