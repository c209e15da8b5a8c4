#include "core/journal/embedded_journal.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "core/async/worker.hpp"
#include "core/journal/append_queue.hpp"
#include "core/journal/journal_table.hpp"

namespace gantry::journal {
namespace asio = boost::asio;
namespace {

constexpr std::int64_t k_trim_chunk = 5'000;
constexpr int k_max_trim_chunks = 200;

// Recent records in memory, so that the consumer close behind reads no SQL. One thread.
class Tail {
public:
    explicit Tail(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    void push(Record record) {
        bytes_ += record.body.size() + sizeof(Record);
        records_.push_back(std::move(record));
        while (bytes_ > max_bytes_ && records_.size() > 1) {
            bytes_ -= records_.front().body.size() + sizeof(Record);
            complete_after_ = records_.front().seq;
            records_.pop_front();
        }
    }
    // Everything behind this is here. REQUIRES: called before the first push.
    void begin_after(JournalSeq seq) { complete_after_ = seq; }
    [[nodiscard]] bool covers(JournalSeq after) const { return after >= complete_after_; }

    [[nodiscard]] std::vector<Record> read(JournalSeq after, std::size_t max_records,
                                           std::size_t max_bytes) const {
        std::vector<Record> out;
        auto at =
            std::upper_bound(records_.begin(), records_.end(), after,
                             [](JournalSeq seq, const Record& record) { return seq < record.seq; });
        std::size_t bytes = 0;
        for (; at != records_.end() && out.size() < max_records; ++at) {
            bytes += at->body.size();
            if (bytes > max_bytes && !out.empty()) break;
            out.push_back(*at);
        }
        return out;
    }

private:
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::deque<Record> records_;
    JournalSeq complete_after_;
};

class EmbeddedJournal final : public Journal {
public:
    EmbeddedJournal(asio::any_io_executor executor, const EmbeddedJournalOptions& options,
                    std::unique_ptr<JournalTable> table)
        : executor_(std::move(executor)),
          tail_(options.tail_bytes),
          last_durable_(table->last()),
          reader_table_(options.path),
          queue_(
              executor_, options, std::move(table),
              [this](std::vector<Record> stored) { committed(std::move(stored)); },
              [this] {
                  if (listener_) listener_(last_durable_);
              }) {
        tail_.begin_after(last_durable_);
    }

    asio::awaitable<Result<JournalSeq>> append(Record record) override {
        auto waiting = queue_.push(std::move(record));
        if (!waiting) co_return waiting.error();
        const std::shared_ptr<PendingAppend> pending = *waiting;
        boost::system::error_code cancelled;
        while (!pending->outcome) {
            co_await pending->done.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        }
        co_return *pending->outcome;
    }

    asio::awaitable<Result<std::vector<Record>>> read(JournalSeq after, std::size_t max_records,
                                                      std::size_t max_bytes) override {
        if (tail_.covers(after)) co_return tail_.read(after, max_records, max_bytes);
        auto job = [this, after, max_records, max_bytes] {
            return reader_table_.read(after, max_records, max_bytes);
        };
        co_return co_await reader_.run(std::move(job));
    }

    void on_commit(std::function<void(JournalSeq)> listener) override {
        listener_ = std::move(listener);
    }
    [[nodiscard]] JournalSeq last_durable() const override { return last_durable_; }

    asio::awaitable<Result<std::int64_t>> trim(JournalSeq upto, Instant before) override {
        std::int64_t total = 0;
        for (int i = 0; i < k_max_trim_chunks; ++i) {
            auto job = [this, upto, before] {
                return reader_table_.trim(upto, before, k_trim_chunk);
            };
            const auto deleted = co_await reader_.run(std::move(job));
            if (!deleted) co_return deleted.error();
            total += *deleted;
            if (*deleted < k_trim_chunk) break;
        }
        co_return total;
    }

private:
    void committed(std::vector<Record> stored) {
        last_durable_ = stored.back().seq;
        for (Record& record : stored) tail_.push(std::move(record));
    }

    asio::any_io_executor executor_;
    Tail tail_;
    JournalSeq last_durable_;
    std::function<void(JournalSeq)> listener_;
    LazyJournalTable reader_table_;  // used on reader_ only
    Worker reader_{"journal-read"};
    AppendQueue queue_;  // last: its thread ends first
};

}  // namespace

Result<std::unique_ptr<Journal>> open_embedded_journal(asio::any_io_executor executor,
                                                       EmbeddedJournalOptions options) {
    auto table = JournalTable::open(options.path);
    if (!table) return table.error();
    if (auto done = (*table)->begin_after(options.begin_after); !done) return done.error();
    return std::unique_ptr<Journal>(
        std::make_unique<EmbeddedJournal>(std::move(executor), options, std::move(*table)));
}

}  // namespace gantry::journal
