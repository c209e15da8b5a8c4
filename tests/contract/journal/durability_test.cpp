// What a kill, a full disk and a damaged file leave.
#include <algorithm>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/contract/journal/journals.hpp"

using namespace gantry;
using namespace gantry::test;

TEST_CASE("journal: what was answered is there after a kill at that moment") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path());
        std::vector<std::string> acknowledged;
        for (int i = 0; i < 12; ++i) {
            const std::string body = "body " + std::to_string(i);
            REQUIRE(world.append(body));
            acknowledged.push_back(body);
            const TemporaryDirectory killed;
            kind->copy_alive(directory.path(), killed.path());
            JournalWorld after(*kind, killed.path());
            CHECK(after.bodies(0) == acknowledged);
            CHECK(after.journal->last_durable().value == i + 1);
            CHECK(after.append("next")->value == i + 2);
        }
    }
}

TEST_CASE("journal: no append is answered while its commit is held up") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        JournalWorld world(*kind, directory.path());
        REQUIRE(world.append("first"));
        auto held = kind->hold(directory.path());
        bool answered = false;
        bool looked = false;
        auto one = [&]() -> boost::asio::awaitable<void> {
            const auto seq = co_await world.journal->append(record_of("second"));
            CHECK(seq);
            answered = true;
        };
        boost::asio::co_spawn(world.context, one, boost::asio::detached);
        world.context.restart();
        for (int i = 0; i < 1'000; ++i) world.context.poll();
        CHECK_FALSE(answered);
        CHECK(world.journal->last_durable() == JournalSeq{1});
        auto look = [&]() -> boost::asio::awaitable<void> {
            const auto read = co_await world.journal->read(JournalSeq{1}, 10, 1'000);
            REQUIRE(read);
            CHECK(read->empty());  // nobody reads what is not durable
            looked = true;
        };
        boost::asio::co_spawn(world.context, look, boost::asio::detached);
        world.context.poll();
        CHECK(looked);
        held.reset();
        world.context.restart();
        world.context.run();
        CHECK(answered);
        CHECK(world.bodies(1) == std::vector<std::string>{"second"});
    }
}

TEST_CASE("journal: closed and opened, it goes on where it was") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        for (int round = 0; round < 5; ++round) {
            JournalWorld world(*kind, directory.path());
            REQUIRE(world.bodies(0).size() == static_cast<std::size_t>(round));
            CHECK(world.append("round " + std::to_string(round))->value == round + 1);
        }
    }
}

TEST_CASE("journal: what waited when it was closed is whole or not there, in order") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        std::vector<std::string> asked;
        {
            JournalWorld world(*kind, directory.path(), {.max_batch = 7});
            for (int i = 0; i < 100; ++i) {
                asked.push_back("body " + std::to_string(i));
                world.begin_append(asked.back());
            }
            world.context.poll();
        }
        JournalWorld world(*kind, directory.path());
        const auto kept = world.bodies(0);
        REQUIRE(kept.size() <= asked.size());
        CHECK(std::equal(kept.begin(), kept.end(), asked.begin()));
    }
}

TEST_CASE("journal: a full disk refuses, loses nothing acknowledged, and is survived") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        int failing_runs = 0;
        // Each round the disk fills a little later: every write of a commit is once the first to
        // fail.
        for (std::size_t room = 40'000; room <= 130'000; room += 3'000) {
            CAPTURE(room);
            const TemporaryDirectory directory;
            std::vector<std::string> acknowledged;
            {
                JournalWorld world(*kind, directory.path(), {.cache_bytes = 1});
                REQUIRE(world.append("before"));
                acknowledged.push_back("before");
                auto full = kind->limit_disk(room);
                int failed = 0;
                for (int i = 0; i < 40; ++i) {
                    const std::string body = std::to_string(i) + std::string(3'000, '.');
                    const auto seq = world.append(body);
                    if (seq) {
                        acknowledged.push_back(body);
                        continue;
                    }
                    ++failed;
                    const ErrorCode code = seq.error().code;
                    CHECK((code == ErrorCode::limit || code == ErrorCode::unavailable));
                }
                failing_runs += failed > 0 ? 1 : 0;
                full.reset();
                REQUIRE(world.append("room again"));  // without being opened anew
                acknowledged.push_back("room again");
                REQUIRE((world.bodies(0) == acknowledged));
            }
            JournalWorld world(*kind, directory.path());
            REQUIRE((world.bodies(0) == acknowledged));
        }
        CHECK(failing_runs > 10);
    }
}

TEST_CASE("journal: a damaged one is refused as corrupt, and named") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        { REQUIRE(JournalWorld(*kind, directory.path()).append("x")); }
        const std::string named = kind->spoil(directory.path());
        boost::asio::io_context context;
        const auto opened = kind->open(context.get_executor(), directory.path(), {});
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::corrupt);
        INFO(opened.error().message);
        CHECK(opened.error().message.find(named) != std::string::npos);
    }
}

TEST_CASE("journal: a place that cannot be used is refused, and named") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        boost::asio::io_context context;
        const std::string missing = directory.path() + "/missing";
        const auto opened = kind->open(context.get_executor(), missing, {});
        REQUIRE_FALSE(opened);
        CHECK(opened.error().message.find(missing) != std::string::npos);
    }
}
