#include "core/journal/append_queue.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>

namespace gantry::journal {

AppendQueue::AppendQueue(boost::asio::any_io_executor executor, EmbeddedJournalOptions options,
                         std::unique_ptr<JournalTable> table, Committed committed,
                         std::function<void()> announce)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      table_(std::move(table)),
      committed_(std::move(committed)),
      announce_(std::move(announce)),
      thread_([this] { write_until_stopped(); }) {
    pthread_setname_np(thread_.native_handle(), "journal-write");
}

AppendQueue::~AppendQueue() {
    *alive_ = false;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    filled_.notify_one();
    thread_.join();
}

Result<std::shared_ptr<PendingAppend>> AppendQueue::push(Record record) {
    auto pending = std::make_shared<PendingAppend>(executor_, std::move(record));
    const std::size_t bytes = pending->record.body.size();
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= options_.max_waiting) {
            return fail(ErrorCode::limit, "journal: " + std::to_string(waiting_.size()) +
                                              " records wait for the disk");
        }
        if (waiting_bytes_ + bytes > options_.max_waiting_bytes) {
            return fail(ErrorCode::limit,
                        "journal: " + std::to_string(waiting_bytes_) + " bytes wait for the disk");
        }
        waiting_bytes_ += bytes;
        waiting_.push_back(pending);
    }
    filled_.notify_one();
    return pending;
}

AppendQueue::Batch AppendQueue::take() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    Batch batch;
    while (!waiting_.empty() && batch.size() < options_.max_batch) {
        waiting_bytes_ -= waiting_.front()->record.body.size();
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    return batch;
}

void AppendQueue::write_until_stopped() {
    std::vector<Record*> records;
    while (true) {
        Batch batch = take();
        if (batch.empty()) return;  // stopping, and nothing is left
        records.clear();
        for (const auto& pending : batch) records.push_back(&pending->record);
        auto stored = table_->append(records);
        answer(std::move(batch), std::move(stored));
    }
}

void AppendQueue::answer(Batch batch, Result<void> stored) {
    boost::asio::post(executor_, [this, alive = alive_, batch = std::move(batch),
                                  stored = std::move(stored)]() mutable {
        if (!*alive) return;
        if (stored) {
            std::vector<Record> records;
            records.reserve(batch.size());
            for (const auto& pending : batch) {
                pending->outcome = pending->record.seq;
                records.push_back(std::move(pending->record));
            }
            committed_(std::move(records));
            // Who waits for an append goes first, the followers of the journal after it.
            for (const auto& pending : batch) pending->done.cancel();
            announce_();
        } else {
            for (const auto& pending : batch) {
                pending->outcome = fail(stored.error().code, "journal: " + stored.error().message);
                pending->done.cancel();
            }
        }
    });
}

}  // namespace gantry::journal
