// Reading and trimming: bounds, cursors, and what may never go.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/contract/journal/journals.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

using Bodies = std::vector<std::string>;

// Runs `body` over every implementation, with records in memory and on the disk alone.
void over_all(const std::function<void(JournalWorld&)>& body) {
    for (const auto& kind : journal_kinds()) {
        for (const std::size_t cache : {std::size_t{32} << 20, std::size_t{1}}) {
            INFO(kind->name() << ", cache of " << cache << " bytes");
            const TemporaryDirectory directory;
            JournalWorld world(*kind, directory.path(), {.cache_bytes = cache});
            body(world);
        }
    }
}

void fill(JournalWorld& world, int count) {
    for (int i = 1; i <= count; ++i) {
        REQUIRE(world.append("body" + std::to_string(i % 10), i * 100));
    }
}

}  // namespace

TEST_CASE("journal: reading gives what is behind the cursor, ascending, and nothing at the end") {
    over_all([](JournalWorld& world) {
        CHECK(world.bodies(0).empty());
        fill(world, 9);
        CHECK(world.bodies(6) == Bodies{"body7", "body8", "body9"});
        CHECK(world.bodies(9).empty());
        CHECK(world.bodies(1'000).empty());
        const auto records = world.records(0);
        for (std::size_t i = 0; i < records.size(); ++i) {
            CHECK(records[i].seq.value == static_cast<std::int64_t>(i) + 1);
        }
    });
}

TEST_CASE("journal: at most max_records are read") {
    over_all([](JournalWorld& world) {
        fill(world, 9);
        CHECK(world.bodies(0, 1) == Bodies{"body1"});
        CHECK(world.bodies(4, 3) == Bodies{"body5", "body6", "body7"});
        CHECK(world.bodies(7, 3) == Bodies{"body8", "body9"});
    });
}

TEST_CASE("journal: about max_bytes are read, and never nothing while there is something") {
    over_all([](JournalWorld& world) {
        fill(world, 9);  // of 5 bytes each
        const std::size_t some = world.bodies(0, 100, 20).size();
        CHECK(some >= 4);
        CHECK(some <= 5);  // "about": the last may stand over
        CHECK(world.bodies(0, 100, 1).size() == 1);
        CHECK(world.bodies(0, 100, 0).size() == 1);  // or a consumer would never get by it
        REQUIRE(world.append(std::string(100'000, 'x')));
        CHECK(world.bodies(9, 100, 10).size() == 1);
    });
}

TEST_CASE("journal: however it is cut, the readers get the same") {
    over_all([](JournalWorld& world) {
        fill(world, 60);
        const auto whole = world.bodies(0);
        REQUIRE(whole.size() == 60);
        for (const std::size_t max : {1u, 7u, 59u}) {
            for (const std::size_t bytes : {1u, 12u, 1'000u}) {
                Bodies all;
                for (std::int64_t after = 0; after < 60;) {
                    const auto some = world.records(after, max, bytes);
                    REQUIRE_FALSE(some.empty());
                    for (const auto& record : some) all.push_back(record.body);
                    after = some.back().seq.value;
                }
                CHECK(all == whole);
            }
        }
    });
}

TEST_CASE("journal: trimming takes what is both read and old, and counts it") {
    over_all([](JournalWorld& world) {
        fill(world, 10);                    // received at 100, 200 ... 1000
        CHECK(world.trim(0, 99'999) == 0);  // nothing was read
        CHECK(world.trim(10, 100) == 0);    // nothing is older
        CHECK(world.trim(4, 99'999) == 4);  // never beyond the cursor
        CHECK(world.trim(4, 99'999) == 0);
        CHECK(world.bodies(4).size() == 6);
        CHECK(world.trim(10, 701) == 3);  // 500, 600, 700
        CHECK(world.bodies(7).size() == 3);
        CHECK(world.journal->last_durable() == JournalSeq{10});
    });
}

TEST_CASE("journal: a consumer at the cursor reads on past what was trimmed") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        {
            JournalWorld world(*kind, directory.path());
            fill(world, 10);
            CHECK(world.trim(5, 99'999) == 5);
        }
        JournalWorld world(*kind, directory.path());
        CHECK(world.bodies(0).size() == 5);  // a gap, then the rest
        CHECK(world.records(0).front().seq == JournalSeq{6});
        CHECK(world.bodies(5).size() == 5);
        CHECK(world.append("next")->value == 11);
    }
}

TEST_CASE("journal: no sequence is given twice, although all was trimmed and it was opened anew") {
    for (const auto& kind : journal_kinds()) {
        INFO(kind->name());
        const TemporaryDirectory directory;
        std::int64_t last = 0;
        for (int round = 0; round < 4; ++round) {
            JournalWorld world(*kind, directory.path());
            CHECK(world.journal->last_durable().value == last);
            const auto seq = world.append("x", 1);
            REQUIRE(seq);
            CHECK(seq->value > last);
            last = seq->value;
            CHECK(world.trim(last, 99'999) == 1);
        }
    }
}
