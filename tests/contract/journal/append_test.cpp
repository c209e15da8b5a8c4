// Appending: order, grouping, bounds, and what is told to whom when.
#include <algorithm>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include "tests/contract/journal/journals.hpp"

using namespace gantry;
using namespace gantry::test;
namespace asio = boost::asio;

namespace {

std::vector<std::string> numbered(int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back("body " + std::to_string(i));
    return out;
}

}  // namespace

TEST_CASE("journal: sequences rise in the order of asking, and the last is the durable one") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path());
        CHECK(world.journal->last_durable() == JournalSeq{0});
        const auto answers = world.append_all(numbered(300));
        std::int64_t before = 0;
        for (const auto& answer : answers) {
            REQUIRE(answer);
            CHECK(answer->value > before);
            before = answer->value;
        }
        CHECK(world.journal->last_durable() == *answers.back());
        CHECK(world.bodies(0) == numbered(300));
    }
}

TEST_CASE("journal: appends that wait together share commits, and none is larger than a batch") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path(), {.max_batch = 25});
        std::vector<std::int64_t> durable{0};
        world.journal->on_commit([&](JournalSeq seq) { durable.push_back(seq.value); });
        auto held = kind->hold(directory.path());
        for (const std::string& body : numbered(100)) world.begin_append(body);
        world.context.poll();
        held.reset();
        world.context.run();
        REQUIRE(durable.back() == 100);
        CHECK(durable.size() - 1 <= 5);  // one begun before all had come, then four full ones
        for (std::size_t i = 1; i < durable.size(); ++i) {
            CHECK(durable[i] - durable[i - 1] <= 25);
        }
    }
}

TEST_CASE("journal: the listener hears of a commit before the appender gets its answer") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path());
        JournalSeq heard;
        world.journal->on_commit([&](JournalSeq seq) {
            heard = seq;
            CHECK(world.journal->last_durable() == seq);
        });
        int answered = 0;
        for (int i = 0; i < 40; ++i) {
            auto one = [&]() -> asio::awaitable<void> {
                const auto seq = co_await world.journal->append(record_of("x"));
                REQUIRE(seq);
                CHECK(heard >= *seq);
                CHECK(world.journal->last_durable() >= *seq);
                const auto read = co_await world.journal->read(JournalSeq{seq->value - 1}, 1, 100);
                REQUIRE(read);
                REQUIRE(read->size() == 1);
                CHECK(read->front().seq == *seq);
                ++answered;
            };
            asio::co_spawn(world.context, one, asio::detached);
        }
        world.context.run();
        CHECK(answered == 40);
    }
}

TEST_CASE("journal: too many waiting appends are refused with limit, the others are stored") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path(), {.max_waiting = 10, .max_batch = 4});
        auto held = kind->hold(directory.path());
        std::vector<Result<JournalSeq>> answers;
        for (const std::string& body : numbered(60)) {
            auto one = [&, body]() -> asio::awaitable<void> {
                answers.push_back(co_await world.journal->append(record_of(body)));
            };
            asio::co_spawn(world.context, one, asio::detached);
        }
        world.context.poll();
        // The writer has taken a batch at most; the queue holds its bound; the rest is told at
        // once.
        const std::size_t refused = answers.size();
        CHECK(refused >= 60 - 10 - 4);
        CHECK(refused <= 60 - 10);
        for (const auto& answer : answers) CHECK(answer.error().code == ErrorCode::limit);
        CHECK(world.journal->last_durable() == JournalSeq{0});
        held.reset();
        world.context.run();
        REQUIRE(answers.size() == 60);
        for (std::size_t i = refused; i < 60; ++i) CHECK(answers[i]);
        CHECK(world.bodies(0).size() == 60 - refused);
        CHECK(world.append("later"));
    }
}

TEST_CASE("journal: too many waiting bytes are refused with limit") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path(), {.max_waiting_bytes = 1'000, .max_batch = 1});
        CHECK(world.append(std::string(1'001, 'x')).error().code == ErrorCode::limit);
        CHECK(world.append(std::string(1'000, 'x')));
        auto held = kind->hold(directory.path());
        int refused = 0;
        for (int i = 0; i < 10; ++i) {
            auto one = [&]() -> asio::awaitable<void> {
                const auto seq = co_await world.journal->append(record_of(std::string(400, 'y')));
                refused += seq ? 0 : 1;
            };
            asio::co_spawn(world.context, one, asio::detached);
        }
        world.context.restart();
        world.context.poll();
        CHECK(refused >= 10 - 2 - 1);  // two fit, one more is in the writer's hands
        CHECK(refused <= 10 - 2);
        held.reset();
        world.context.run();
        CHECK(world.append(std::string(1'000, 'z')));  // the room was given back
    }
}

TEST_CASE("journal: a record comes back as it was given, whatever is in it") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        std::string every_byte;
        for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
        std::vector<journal::Record> given;
        for (const auto kind_of : {journal::Kind::agent_report, journal::Kind::command,
                                   journal::Kind::expiry, journal::Kind::endpoint_silent}) {
            journal::Record record = record_of(every_byte, -5);
            record.kind = kind_of;
            record.source = "ann's \"token\" ; DROP TABLE journal -- \xc3\xa4";
            record.organisation = OrganisationId{(std::int64_t{1} << 62) + 1};
            given.push_back(record);
        }
        given.push_back(record_of(""));
        given.push_back(record_of(std::string(300'000, 'b'), std::int64_t{1} << 50));
        // A cache of one byte: what is read comes from the disk.
        for (const std::size_t cache : {std::size_t{1}, std::size_t{32} << 20}) {
            const TemporaryDirectory own;
            JournalWorld world(*kind, own.path(), {.cache_bytes = cache});
            for (const auto& record : given) {
                REQUIRE(run(world.context, world.journal->append(record)));
            }
            REQUIRE(world.append("last"));  // so that none of `given` is the newest, kept one
            const auto read = world.records(0);
            REQUIRE(read.size() == given.size() + 1);
            for (std::size_t i = 0; i < given.size(); ++i) {
                CHECK(read[i].seq.value == static_cast<std::int64_t>(i) + 1);
                CHECK(read[i].received_at == given[i].received_at);
                CHECK(read[i].organisation == given[i].organisation);
                CHECK(read[i].kind == given[i].kind);
                CHECK(read[i].source == given[i].source);
                CHECK((read[i].body == given[i].body));
            }
        }
    }
}
