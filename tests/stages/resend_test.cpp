// refresh(), take_refreshed(), due_to_expire(), grant_grace(): what happens between folds.
#include <catch2/catch.hpp>

#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

constexpr Millis k_minute{60'000};

Event expiring(std::string key) {
    auto event = firing(std::move(key));
    event.labels = {{"check", "disk"}};
    event.expires_after = k_minute;
    return event;
}

}  // namespace

TEST_CASE("refresh: only a firing event that changes nothing is a resend") {
    CorrelatorWorld world;
    auto known = expiring("disk");
    known.asset = AssetId{7};
    world.fold({known});
    CHECK(world.correlator->refresh(known, world.now));

    auto other = known;
    SECTION("another key") { other.key = "disk2"; }
    SECTION("another organisation") { other.organisation = OrganisationId{2}; }
    SECTION("another source") { other.source = "x"; }
    SECTION("resolved") { other.action = EventAction::resolved; }
    SECTION("another severity") { other.severity = Severity::warning; }
    SECTION("another summary") { other.summary += "!"; }
    SECTION("another label value") { other.labels = {{"check", "disc"}}; }
    SECTION("another label") { other.labels = {{"check", "disk"}, {"z", ""}}; }
    SECTION("no label") { other.labels = {}; }
    SECTION("another expiry") { other.expires_after += Millis{1}; }
    SECTION("another proven asset") { other.asset = AssetId{8}; }
    CHECK_FALSE(world.correlator->refresh(other, world.now));
}

TEST_CASE("refresh: evidence and description may differ, and a resolved alert is no resend") {
    CorrelatorWorld world;
    world.fold({expiring("disk")});
    auto event = expiring("disk");
    event.evidence = {{"value", "97"}};
    event.description = "more";
    CHECK(world.correlator->refresh(event, world.now));
    world.fold({recovered("disk")});
    CHECK_FALSE(world.correlator->refresh(event, world.now));
}

TEST_CASE("refresh_all: all of a request's events or none, over any number") {
    CorrelatorWorld world;
    std::vector<Event> events;
    for (int i = 0; i < 200; ++i) events.push_back(expiring("k" + std::to_string(i)));
    world.fold(events);
    world.wait(Millis{1000});
    CHECK(world.correlator->refresh_all({}, world.now));
    CHECK(world.correlator->take_refreshed().empty());
    CHECK(world.correlator->refresh_all(events, world.now));
    const auto seen = world.correlator->take_refreshed();
    REQUIRE(seen.size() == 200);
    CHECK(seen.back() == std::pair(AlertId{200}, world.now));
    for (const std::size_t at : {0, 63, 64, 199}) {
        auto changed = events;
        changed[at].summary += "!";
        CHECK_FALSE(world.correlator->refresh_all(changed, world.now));
        changed[at] = expiring("unknown");
        CHECK_FALSE(world.correlator->refresh_all(changed, world.now));
    }
    CHECK(world.correlator->take_refreshed().empty());
}

TEST_CASE("take_refreshed: each alert once, its latest time, ascending, drained") {
    CorrelatorWorld world;
    world.fold({expiring("a"), expiring("b"), expiring("c")});
    for (const auto* key : {"c", "a", "c"}) {
        world.wait(Millis{1000});
        CHECK(world.correlator->refresh(expiring(key), world.now));
    }
    const auto seen = world.correlator->take_refreshed();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] == std::pair(AlertId{1}, world.now - Millis{1000}));
    CHECK(seen[1] == std::pair(AlertId{3}, world.now));
    CHECK(world.correlator->take_refreshed().empty());
}

TEST_CASE("due_to_expire: firing, unseen for so long, ascending, at most max") {
    CorrelatorWorld world;
    auto patient = expiring("e");
    patient.expires_after = Millis{0};
    world.fold({expiring("a"), expiring("b"), expiring("c"), expiring("d"), patient});
    world.fold({recovered("b")});
    world.wait(k_minute - Millis{1});
    CHECK(world.correlator->due_to_expire(world.now, 10).empty());
    CHECK(world.correlator->refresh(expiring("c"), world.now));
    world.wait(Millis{1});
    CHECK(world.correlator->due_to_expire(world.now, 1).size() == 1);
    const auto rest = world.correlator->due_to_expire(world.now, 10);
    CHECK(rest == std::vector{AlertId{4}});
    world.wait(k_minute);
    // Handed out again, because no expiry was folded; "c" has become due as well.
    CHECK(world.correlator->due_to_expire(world.now, 10) ==
          std::vector{AlertId{1}, AlertId{3}, AlertId{4}});
}

TEST_CASE("expire: skips what was folded again, resolved or forgotten meanwhile") {
    CorrelatorWorld world;
    const auto ids = world.fold({expiring("a"), expiring("b"), expiring("c")}).decisions;
    world.wait(k_minute);
    const auto due = world.correlator->due_to_expire(world.now, 10);
    REQUIRE(due.size() == 3);
    // From now on the journal decides: a resend is not taken in memory.
    CHECK_FALSE(world.correlator->refresh(expiring("a"), world.now));
    world.fold({expiring("a"), recovered("b")});
    auto gone = due;
    gone.push_back(AlertId{99});
    const auto changes = world.expire(gone);
    REQUIRE(changes.decisions.size() == 1);
    CHECK(changes.decisions[0].alert == ids[2].alert);
    CHECK(changes.decisions[0].event_index == 2);
    CHECK(world.correlator->counters().expiries_skipped == 3);
    CHECK(world.correlator->refresh(expiring("a"), world.now));
}

TEST_CASE("grant_grace: timers not seen since get the downtime, later sightings do not") {
    CorrelatorWorld world;
    world.fold({expiring("a"), expiring("b")});
    world.wait(k_minute * 10);
    world.correlator->grant_grace(k_minute * 10);
    CHECK(world.correlator->due_to_expire(world.now, 10).empty());
    CHECK(world.correlator->refresh(expiring("b"), world.now));
    world.wait(k_minute);
    CHECK(world.correlator->due_to_expire(world.now, 10) == std::vector{AlertId{1}, AlertId{2}});
}

TEST_CASE("due_to_expire: a shorter expiry counts at once, a longer one too") {
    CorrelatorWorld world;
    auto event = expiring("a");
    event.expires_after = k_minute * 60;
    world.fold({event});
    world.fold({expiring("a")});
    world.wait(k_minute);
    CHECK(world.correlator->due_to_expire(world.now, 10).size() == 1);
    world.fold({event});
    world.wait(k_minute * 30);
    CHECK(world.correlator->due_to_expire(world.now, 10).empty());
    world.wait(k_minute * 30);
    CHECK(world.correlator->due_to_expire(world.now, 10).size() == 1);
}

TEST_CASE("expire: a crash after an unchanged resend does not resolve what was seen in time") {
    CorrelatorWorld world;
    const auto first = world.fold({expiring("a")});
    world.wait(k_minute);
    const auto due = world.correlator->due_to_expire(world.now, 10);
    REQUIRE(due.size() == 1);
    // The expiry is in the journal when the resend comes; the resend's row must know of it.
    const auto resent = world.fold({expiring("a")});
    REQUIRE(resent.alerts.size() == 1);
    CHECK(resent.alerts[0].last_seen_at == world.now);
    CHECK(resent.alerts[0].changed_seq == JournalSeq{1});

    CorrelatorWorld after_crash;
    after_crash.now = world.now;
    after_crash.correlator->restore(resent.alerts[0]);
    CHECK(after_crash.expire(due).decisions.empty());

    // So does the first one after a start: an expiry may lie unfolded in the journal.
    world.correlator = gantry::correlator::make_correlator(gantry::correlator::default_rules());
    world.correlator->restore(first.alerts[0]);
    CHECK(world.fold({expiring("a")}).alerts.size() == 1);
    CHECK(world.fold({expiring("a")}).alerts.empty());
}
