// MemoryJournal: a Journal in a vector, durable at once, that fails, gaps and dawdles when told to.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "core/journal/journal.hpp"

namespace gantry::test {

class MemoryJournal final : public journal::Journal {
public:
    boost::asio::awaitable<Result<JournalSeq>> append(journal::Record record) override {
        if (append_error) co_return *append_error;
        record.seq = JournalSeq{++last_.value};
        const JournalSeq seq = record.seq;
        records.push_back(std::move(record));
        if (listener_) listener_(last_);
        if (before_answer) co_await before_answer();
        co_return seq;
    }
    boost::asio::awaitable<Result<std::vector<journal::Record>>> read(JournalSeq after,
                                                                      std::size_t max_records,
                                                                      std::size_t) override {
        ++reads;
        if (read_error) co_return *read_error;
        std::vector<journal::Record> out;
        for (const auto& record : records) {
            if (record.seq > after && out.size() < max_records) out.push_back(record);
        }
        co_return out;
    }
    void on_commit(std::function<void(JournalSeq)> listener) override {
        listener_ = std::move(listener);
    }
    [[nodiscard]] JournalSeq last_durable() const override { return last_; }
    boost::asio::awaitable<Result<std::int64_t>> trim(JournalSeq upto, Instant before) override {
        co_return std::erase_if(records, [&](const journal::Record& record) {
            return record.seq <= upto && record.received_at < before;
        });
    }
    // All records go, the sequence stays: what trimming does when nothing new comes.
    void forget_all() { records.clear(); }

    std::vector<journal::Record> records;
    std::optional<Error> append_error;
    std::optional<Error> read_error;
    std::function<boost::asio::awaitable<void>()> before_answer;
    int reads = 0;

private:
    JournalSeq last_;
    std::function<void(JournalSeq)> listener_;
};

}  // namespace gantry::test
