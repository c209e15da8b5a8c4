#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct Step {
    EventAction action;
    Severity severity;
    DedupReason reason;
    std::int64_t episode;  // 0 = the decision names none
};

constexpr auto F = EventAction::firing;
constexpr auto R = EventAction::resolved;
constexpr auto W = Severity::warning;
constexpr auto C = Severity::critical;

// Every sequence from nothing, events of one key.
const std::vector<std::vector<Step>> k_table{
    {{F, W, DedupReason::first_seen, 1}, {F, W, DedupReason::same_episode, 1}},
    {{F, W, DedupReason::first_seen, 1},
     {F, C, DedupReason::severity_raised, 1},
     {F, W, DedupReason::severity_lowered, 1}},
    {{F, C, DedupReason::first_seen, 1},
     {R, C, DedupReason::recovered, 1},
     {R, C, DedupReason::already_resolved, 1},
     {F, C, DedupReason::new_episode, 2},
     {F, C, DedupReason::same_episode, 2}},
    {{R, C, DedupReason::never_fired, 0}, {F, C, DedupReason::first_seen, 1}},
    {{F, C, DedupReason::first_seen, 1},
     {R, W, DedupReason::recovered, 1},
     {F, W, DedupReason::new_episode, 2},
     {R, W, DedupReason::recovered, 2},
     {F, C, DedupReason::new_episode, 3}},
};

Event event_of(const Step& step) {
    auto event = firing("disk", step.severity);
    event.action = step.action;
    return event;
}

}  // namespace

TEST_CASE("deduplicate: the table of what follows what") {
    for (std::size_t row = 0; row < k_table.size(); ++row) {
        CorrelatorWorld one_by_one;
        CorrelatorWorld in_one_record;
        std::vector<Event> events;
        for (const auto& step : k_table[row]) events.push_back(event_of(step));
        const auto together = in_one_record.fold(events).decisions;
        for (std::size_t i = 0; i < k_table[row].size(); ++i) {
            INFO("row " << row << ", step " << i);
            const auto decision = one_by_one.step(events[i]);
            CHECK(decision.dedup == k_table[row][i].reason);
            CHECK(decision.episode.value == k_table[row][i].episode);
            CHECK(together.at(i).dedup == k_table[row][i].reason);
            CHECK(together.at(i).event_index == static_cast<std::int64_t>(i));
        }
    }
}

TEST_CASE("deduplicate: the key is organisation, source and dedup key together") {
    CorrelatorWorld world;
    auto other_organisation = firing("disk");
    other_organisation.organisation = OrganisationId{2};
    auto other_source = firing("disk");
    other_source.source = "zabbix";
    auto shifted = firing("cdisk");
    shifted.source = "generi";
    const auto changes =
        world.fold({firing("disk"), other_organisation, other_source, shifted, firing("disk")});
    REQUIRE(changes.alerts.size() == 4);
    CHECK(changes.decisions[4].alert == changes.decisions[0].alert);
    CHECK(world.correlator->live_alerts() == 4);
}

TEST_CASE("deduplicate: an alert row carries its whole history") {
    CorrelatorWorld world;
    auto event = firing("disk", W);
    event.labels = {{"check", "filesystem"}, {"instance", "/var"}};
    event.expires_after = Millis{60'000};
    event.observed_at = world.now - Millis{5000};
    world.fold({event});
    world.wait(Millis{10'000});
    const auto resolved = world.fold({recovered("disk")}).alerts.at(0);
    CHECK(resolved.state == AlertState::resolved);
    CHECK(resolved.severity == W);  // of the latest firing
    CHECK(resolved.text.summary() == "disk is unwell");
    CHECK(resolved.text.labels() == event.labels);
    CHECK(resolved.started_at == world.now - Millis{15'000});
    CHECK(resolved.resolved_at == world.now);
    CHECK(resolved.last_seen_at == world.now);
    CHECK(resolved.opened_seq == JournalSeq{1});
    CHECK(resolved.changed_seq == JournalSeq{2});
    world.wait(Millis{1000});
    event.observed_at = Instant{};
    const auto again = world.fold({event}).alerts.at(0);
    CHECK(again.id == resolved.id);
    CHECK(again.episode_count == 2);
    CHECK(again.episode == EpisodeId{2});
    CHECK(again.started_at == world.now);
    CHECK(again.expires_after == Millis{60'000});
}

TEST_CASE("deduplicate: a new summary updates the row without a new episode") {
    CorrelatorWorld world;
    auto event = firing("disk");
    world.fold({event});
    event.summary = "97 % full";
    const auto changes = world.fold({event});
    REQUIRE(changes.alerts.size() == 1);
    CHECK(changes.alerts[0].text.summary() == "97 % full");
    CHECK(changes.alerts[0].episode == EpisodeId{1});
    CHECK(changes.decisions[0].dedup == DedupReason::same_episode);
    CHECK(changes.decisions[0].outcome == Outcome::refreshed);
}

TEST_CASE("deduplicate: an unchanged resend leaves a decision and no row") {
    CorrelatorWorld world;
    const auto alert = world.step(firing("disk")).alert;
    world.wait(Millis{15'000});
    const auto changes = world.fold({firing("disk")});
    CHECK(changes.alerts.empty());
    CHECK(changes.actions.empty());
    REQUIRE(changes.decisions.size() == 1);
    CHECK(changes.decisions[0].outcome == Outcome::refreshed);
    const auto seen = world.correlator->take_refreshed();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0] == std::pair(alert, world.now));
}

TEST_CASE("deduplicate: implausible clocks of a source do not date an episode") {
    CorrelatorWorld world;
    auto future = firing("future");
    future.observed_at = world.now + Millis{1};
    auto ancient = firing("ancient");
    ancient.observed_at = from_ms(1);
    auto offline = firing("offline");
    offline.observed_at = world.now - Millis{7 * 86'400'000LL};
    const auto changes = world.fold({future, ancient, offline});
    CHECK(changes.alerts[0].started_at == world.now);
    CHECK(changes.alerts[1].started_at == world.now);
    CHECK(changes.alerts[2].started_at == offline.observed_at);
    CHECK(changes.actions[2].detected_at == offline.observed_at);
}

TEST_CASE("deduplicate: rows of several records in one transaction are merged in ascending id") {
    CorrelatorWorld world;
    Changes changes;
    const auto add = [&](std::vector<Event> events) {
        world.correlator->fold({JournalSeq{++world.seq}, world.now}, events, world.sequences,
                               changes);
    };
    add({firing("a"), firing("b"), firing("c")});
    changes.alerts.clear();  // committed
    add({recovered("c"), firing("d")});
    add({recovered("a"), recovered("c"), firing("b", Severity::warning)});
    add({firing("a"), firing("e")});
    std::vector<std::int64_t> ids;
    for (const auto& alert : changes.alerts) ids.push_back(alert.id.value);
    CHECK(ids == std::vector<std::int64_t>{1, 2, 3, 4, 5});
    CHECK(changes.alerts[0].state == AlertState::firing);
    CHECK(changes.alerts[0].episode_count == 2);
    CHECK(changes.alerts[1].severity == Severity::warning);
    CHECK(changes.cursor == JournalSeq{4});
}
