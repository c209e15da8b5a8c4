#include "core/journal/embedded_journal.hpp"

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include "tests/support/coroutine.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::journal;

namespace {

Record record(const std::string& body, std::int64_t at_ms = 1) {
    Record r;
    r.received_at = from_ms(at_ms);
    r.organisation = OrganisationId{3};
    r.kind = Kind::intake;
    r.source = "generic";
    r.body = body;
    return r;
}

struct Opened {
    explicit Opened(EmbeddedJournalOptions options)
        : journal(std::move(*open_embedded_journal(context.get_executor(), std::move(options)))) {}
    explicit Opened(const std::string& path) : Opened(EmbeddedJournalOptions{.path = path}) {}

    Result<JournalSeq> append(const std::string& body, std::int64_t at_ms = 1) {
        return test::run(context, journal->append(record(body, at_ms)));
    }
    std::vector<std::string> bodies(std::int64_t after, std::size_t max = 100,
                                    std::size_t max_bytes = 1 << 20) {
        auto records = test::run(context, journal->read(JournalSeq{after}, max, max_bytes));
        std::vector<std::string> out;
        for (const Record& r : *records) out.push_back(r.body);
        return out;
    }

    boost::asio::io_context context;
    std::unique_ptr<Journal> journal;
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("journal: an append is durable when it answers, and read back whole") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("j.db");
    const std::string binary("a\0b\xff", 4);
    {
        Opened j(path);
        CHECK(j.append(binary, 77)->value == 1);
        CHECK(j.append("second")->value == 2);
        CHECK(j.journal->last_durable().value == 2);
    }
    Opened j(path);
    CHECK(j.journal->last_durable().value == 2);
    const auto records = test::run(j.context, j.journal->read(JournalSeq{0}, 10, 1 << 20));
    REQUIRE(records->size() == 2);
    const Record& first = records->front();
    CHECK(first.seq.value == 1);
    CHECK(first.received_at == from_ms(77));
    CHECK(first.organisation == OrganisationId{3});
    CHECK(first.kind == Kind::intake);
    CHECK(first.source == "generic");
    CHECK(first.body == binary);
    CHECK(j.append("third")->value == 3);
}

TEST_CASE("journal: appends that wait together are committed together, in order") {
    const test::TemporaryDirectory directory;
    Opened j(directory.file("j.db"));
    int commits = 0;
    std::vector<std::int64_t> durable;
    j.journal->on_commit([&](JournalSeq seq) {
        ++commits;
        durable.push_back(seq.value);
    });
    std::vector<std::int64_t> answered;
    for (int i = 0; i < 200; ++i) {
        auto one = [&]() -> boost::asio::awaitable<void> {
            auto seq = co_await j.journal->append(record("x"));
            answered.push_back(seq->value);
        };
        boost::asio::co_spawn(j.context, one, boost::asio::detached);
    }
    j.context.run();
    REQUIRE(answered.size() == 200);
    CHECK(std::is_sorted(answered.begin(), answered.end()));
    CHECK(std::is_sorted(durable.begin(), durable.end()));
    CHECK(durable.back() == 200);
    CHECK(commits < 200);  // 200 commits would mean that nothing was grouped
}

TEST_CASE("journal: what cannot wait is refused, the rest is stored") {
    const test::TemporaryDirectory directory;
    Opened j(EmbeddedJournalOptions{.path = directory.file("j.db"), .max_waiting_bytes = 100});
    CHECK(j.append(std::string(101, 'x')).error().code == ErrorCode::limit);
    CHECK(j.append(std::string(100, 'x')).has_value());
    CHECK(j.bodies(0).size() == 1);
}

TEST_CASE("journal: reading obeys both bounds but always gives one record") {
    const test::TemporaryDirectory directory;
    Opened j(directory.file("j.db"));
    for (int i = 0; i < 5; ++i) REQUIRE(j.append("body" + std::to_string(i)));
    CHECK(j.bodies(0, 2) == Bodies{"body0", "body1"});
    CHECK(j.bodies(3) == Bodies{"body3", "body4"});
    CHECK(j.bodies(0, 100, 11) == Bodies{"body0", "body1"});
    CHECK(j.bodies(0, 100, 1) == Bodies{"body0"});
    CHECK(j.bodies(5).empty());
}

TEST_CASE("journal: a reader far behind is served from the disk, one close behind from memory") {
    const test::TemporaryDirectory directory;
    Opened j(EmbeddedJournalOptions{.path = directory.file("j.db"), .tail_bytes = 1'000});
    for (int i = 0; i < 50; ++i)
        REQUIRE(j.append(std::string(100, static_cast<char>('a' + i % 26))));
    Bodies all;
    for (std::int64_t after = 0; after < 50;) {
        const auto some = j.bodies(after, 7);
        REQUIRE_FALSE(some.empty());
        after += static_cast<std::int64_t>(some.size());
        all.insert(all.end(), some.begin(), some.end());
    }
    REQUIRE(all.size() == 50);
    for (int i = 0; i < 50; ++i) {
        CHECK(all[static_cast<std::size_t>(i)][0] == static_cast<char>('a' + i % 26));
    }
}

TEST_CASE("journal: trimming keeps what is young or unread, and no sequence is given twice") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("j.db");
    {
        Opened j(path);
        for (int i = 1; i <= 10; ++i) REQUIRE(j.append("b" + std::to_string(i), i * 100));
        const auto some = test::run(j.context, j.journal->trim(JournalSeq{6}, from_ms(500)));
        CHECK(*some == 4);
        const auto all = test::run(j.context, j.journal->trim(JournalSeq{10}, from_ms(99'999)));
        CHECK(*all == 6);
    }
    Opened j(path);
    CHECK(j.bodies(0).empty());
    CHECK(j.append("next")->value == 11);
}

TEST_CASE("journal: a file that is no journal is refused") {
    const test::TemporaryDirectory directory;
    boost::asio::io_context context;
    EmbeddedJournalOptions options{.path = directory.path() + "/missing/j.db"};
    CHECK_FALSE(open_embedded_journal(context.get_executor(), options).has_value());
}

TEST_CASE("journal: begun after a number it never gives a lower one, also when opened without") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("j.db");
    {
        Opened j(EmbeddedJournalOptions{.path = path, .begin_after = JournalSeq{40}});
        CHECK(j.journal->last_durable().value == 40);
        CHECK(j.bodies(40).empty());
    }
    Opened j(path);
    CHECK(j.journal->last_durable().value == 40);
    CHECK(j.append("first")->value == 41);
    CHECK(j.bodies(0) == Bodies{"first"});
}

TEST_CASE("journal: what it has is more than what it is told to begin after") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.file("j.db");
    {
        Opened j(path);
        for (int i = 0; i < 5; ++i) REQUIRE(j.append("x"));
    }
    Opened j(EmbeddedJournalOptions{.path = path, .begin_after = JournalSeq{3}});
    CHECK(j.append("y")->value == 6);
}
