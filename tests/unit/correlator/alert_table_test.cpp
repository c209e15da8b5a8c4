#include "correlator/state/alert_table.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "core/base/random.hpp"
#include "correlator/state/timer_queue.hpp"

using namespace gantry;
using namespace gantry::correlator;

TEST_CASE("alert table: agrees with a map over random inserts, finds and erasures") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SeededRandom random(seed);
        AlertTable table(seed);
        std::map<std::string, std::pair<AlertId, SlotNo>> model;
        std::int64_t next = 1;
        for (int step = 0; step < 3000; ++step) {
            const auto key = "k" + std::to_string(random.below(400));
            const auto known = model.find(key);
            const auto slot = table.find(OrganisationId{1}, "s", key);
            INFO("seed " << seed << ", step " << step);
            REQUIRE((slot == k_no_slot) == (known == model.end()));
            if (known == model.end()) {
                const AlertId id{next++};
                model[key] = {id, table.add(id, OrganisationId{1}, AlertText("s", key, {}, {}))};
                continue;
            }
            REQUIRE(slot == known->second.second);
            REQUIRE(table.find(known->second.first) == slot);
            if (random.below(2) == 0) {
                table.erase(slot);
                REQUIRE(table.find(known->second.first) == k_no_slot);
                model.erase(known);
            }
        }
        REQUIRE(table.size() == model.size());
    }
}

TEST_CASE("alert table: a row survives the way through memory") {
    Alert row;
    row.id = AlertId{3};
    row.organisation = OrganisationId{2};
    row.text = AlertText("agent", "disk", "full", {{"a", "b"}});
    row.state = AlertState::firing;
    row.severity = Severity::critical;
    row.asset = AssetId{4};
    row.episode = EpisodeId{5};
    row.episode_count = 6;
    row.started_at = from_ms(7);
    row.last_seen_at = from_ms(8);
    row.resolved_at = from_ms(9);
    row.expires_after = Millis{10};
    row.incident = IncidentId{11};
    row.opened_seq = JournalSeq{12};
    row.changed_seq = JournalSeq{13};
    AlertTable table(1);
    const auto out = table.row(table.add(row));
    CHECK(out.id == row.id);
    CHECK(out.organisation == row.organisation);
    CHECK(out.text.same_key("agent", "disk"));
    CHECK(out.text.same_content("full", {{"a", "b"}}));
    CHECK(out.state == row.state);
    CHECK(out.severity == row.severity);
    CHECK(out.asset == row.asset);
    CHECK(out.episode == row.episode);
    CHECK(out.episode_count == row.episode_count);
    CHECK(out.started_at == row.started_at);
    CHECK(out.last_seen_at == row.last_seen_at);
    CHECK(out.resolved_at == row.resolved_at);
    CHECK(out.expires_after == row.expires_after);
    CHECK(out.incident == row.incident);
    CHECK(out.opened_seq == row.opened_seq);
    CHECK(out.changed_seq == row.changed_seq);
}

TEST_CASE("timer queue: earliest first, ties by id, and compaction keeps what holds") {
    TimerQueue queue;
    for (const std::int64_t id : {5, 3, 4}) queue.push(from_ms(10), AlertId{id});
    queue.push(from_ms(5), AlertId{9});
    CHECK_FALSE(queue.due(from_ms(4)));
    CHECK(queue.due(from_ms(5)));
    std::vector<std::int64_t> order;
    while (!queue.empty()) order.push_back(queue.pop().alert.value);
    CHECK(order == std::vector<std::int64_t>{9, 3, 4, 5});
    for (int i = 0; i < 3000; ++i) queue.push(from_ms(i % 7), AlertId{i % 10});
    queue.compact(10, [](const TimerQueue::Entry& entry) { return entry.alert == AlertId{3}; });
    CHECK(queue.size() == 7);
    queue.compact(10, [](const TimerQueue::Entry&) { return false; });
    CHECK(queue.size() == 7);  // small ones are left alone
}
