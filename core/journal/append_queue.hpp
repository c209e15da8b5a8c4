// AppendQueue: group commit. Appends wait in a bounded queue; a thread takes whatever is there, up
// to a batch, commits it once, and answers all of it on the executor. Nothing is answered before
// its commit. Private to core/journal.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/journal/embedded_journal.hpp"
#include "core/journal/journal_table.hpp"

namespace gantry::journal {

struct PendingAppend {
    PendingAppend(const boost::asio::any_io_executor& executor, Record r)
        : record(std::move(r)), done(executor, boost::asio::steady_timer::time_point::max()) {}
    Record record;
    boost::asio::steady_timer done;  // cancelled when `outcome` is set, both on the executor
    std::optional<Result<JournalSeq>> outcome;
};

class AppendQueue {
public:
    // Called on the executor with each committed batch, before its appends are answered; then,
    // after them, `announce`.
    using Committed = std::function<void(std::vector<Record>)>;

    AppendQueue(boost::asio::any_io_executor executor, EmbeddedJournalOptions options,
                std::unique_ptr<JournalTable> table, Committed committed,
                std::function<void()> announce);
    // Commits what waits, then joins. Its answers are not delivered any more.
    ~AppendQueue();

    // limit: too many or too much waits.
    Result<std::shared_ptr<PendingAppend>> push(Record record);

private:
    using Batch = std::vector<std::shared_ptr<PendingAppend>>;
    void write_until_stopped();
    Batch take();
    void answer(Batch batch, Result<void> stored);

    boost::asio::any_io_executor executor_;
    EmbeddedJournalOptions options_;
    std::unique_ptr<JournalTable> table_;  // the thread's
    Committed committed_;
    std::function<void()> announce_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // read on the executor
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<std::shared_ptr<PendingAppend>> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gantry::journal
