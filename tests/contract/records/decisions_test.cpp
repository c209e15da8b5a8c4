// Decisions, on every engine: kept as they were, read in order, trimmed by age.
#include "core/base/random.hpp"
#include "core/model/json.hpp"
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

using Ids = std::vector<std::int64_t>;

void save(Records& world, std::vector<Decision> decisions) {
    Changes changes;
    changes.decisions = std::move(decisions);
    must(save_changes(*world.connection, changes));
}

Ids found(Records& world, const DecisionFilter& filter = {}, const Scope& scope = Scope::all()) {
    return numbers_of(must(decisions(*world.connection, scope, filter, {})).items);
}

}  // namespace

TEST_CASE("decisions: one comes back with every field") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    Decision resolved = decision_of(2, k_theirs);
    resolved.outcome = Outcome::ignored;
    resolved.dedup = DedupReason::no_room;
    resolved.identify = IdentifyReason::service_name;
    resolved.promote = PromoteReason::unchanged;
    resolved.action = EventAction::resolved;
    resolved.severity = Severity::info;
    resolved.rule_index = -1;
    save(world, {decision_of(1), resolved});
    const auto read = must(decisions(*world.connection, Scope::all(), {}, {})).items;
    REQUIRE(read.size() == 2);
    CHECK(to_json(read[0]) == to_json(decision_of(1)));
    CHECK(to_json(read[1]) == to_json(resolved));
}

TEST_CASE("decisions: filters and pages, oldest first") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    std::vector<Decision> all;
    for (std::int64_t id = 1; id <= 7; ++id) {
        Decision one = decision_of(id, id > 5 ? k_theirs : k_ours);
        one.alert = AlertId{id % 2 + 1};
        one.incident = IncidentId{id / 4};
        one.outcome = Outcome::incident_updated;
        one.journal_seq = JournalSeq{300 + id / 2};
        all.push_back(one);
    }
    save(world, all);
    DecisionFilter filter;
    filter.alert = AlertId{1};
    CHECK(found(world, filter) == Ids{2, 4, 6});
    filter.incident = IncidentId{1};
    CHECK(found(world, filter) == Ids{4, 6});
    CHECK(found(world, filter, Scope::of(k_ours)) == Ids{4});
    for (int limit = 1; limit <= 8; ++limit) {
        Ids pages;
        for (PageRequest request{0, limit};;) {
            const auto page = must(decisions(*world.connection, Scope::of(k_ours), {}, request));
            for (const auto id : numbers_of(page.items)) pages.push_back(id);
            if (!page.next) break;
            request.after = *page.next;
        }
        CHECK(pages == Ids{1, 2, 3, 4, 5});
    }
}

TEST_CASE("decisions: what a record brought and what names it later are found alike") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    // Three records: the first brings alerts 5 to 7 and incidents 2 and 3, the others name them.
    std::vector<Decision> all;
    const auto add = [&](std::int64_t record, std::int64_t alert, std::int64_t incident,
                         bool first) {
        Decision one = decision_of(static_cast<std::int64_t>(all.size()) + 1);
        one.journal_seq = JournalSeq{record};
        one.alert = AlertId{alert};
        one.incident = IncidentId{incident};
        one.dedup = first ? DedupReason::first_seen : DedupReason::severity_raised;
        one.outcome = first && incident != 0 ? Outcome::incident_opened : Outcome::priority_changed;
        all.push_back(one);
    };
    add(1, 5, 2, true);
    add(1, 6, 0, true);
    add(1, 7, 3, true);
    add(1, 5, 2, false);
    add(2, 6, 0, false);
    add(2, 5, 2, false);
    add(3, 5, 3, false);
    save(world, {all.begin(), all.begin() + 4});
    save(world, {all.begin() + 4, all.end()});
    const auto of_alert = [](std::int64_t id) { return DecisionFilter{AlertId{id}, {}}; };
    const auto of_incident = [](std::int64_t id) { return DecisionFilter{{}, IncidentId{id}}; };
    CHECK(found(world, of_alert(5)) == Ids{1, 4, 6, 7});
    CHECK(found(world, of_alert(6)) == Ids{2, 5});
    CHECK(found(world, of_alert(7)) == Ids{3});
    CHECK(found(world, of_alert(4)).empty());
    CHECK(found(world, of_alert(8)).empty());
    CHECK(found(world, of_incident(2)) == Ids{1, 4, 6});
    CHECK(found(world, of_incident(3)) == Ids{3, 7});
    CHECK(found(world, {AlertId{5}, IncidentId{3}}) == Ids{7});
}

TEST_CASE("decisions: any history is found as a plain list would give it") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    SeededRandom random(7);
    std::vector<Decision> all;
    std::int64_t alerts = 0;
    std::int64_t incidents = 0;
    for (std::int64_t record = 1; record <= 120; ++record) {
        std::vector<Decision> some;
        for (auto left = random.below(4) + 1; left > 0; --left) {
            const OrganisationId owner = random.below(3) == 0 ? k_theirs : k_ours;
            Decision one =
                decision_of(static_cast<std::int64_t>(all.size() + some.size()) + 1, owner);
            one.journal_seq = JournalSeq{record};
            one.at = moment(record);
            const bool first = alerts == 0 || random.below(3) == 0;
            one.dedup = first ? DedupReason::first_seen : DedupReason::same_episode;
            one.alert =
                AlertId{first ? ++alerts : 1 + static_cast<std::int64_t>(random.below(alerts))};
            const bool opens = first && random.below(2) == 0;
            one.outcome = opens ? Outcome::incident_opened : Outcome::incident_updated;
            one.incident = IncidentId{opens ? ++incidents
                                            : static_cast<std::int64_t>(random.below(
                                                  static_cast<std::uint64_t>(incidents) + 1))};
            some.push_back(one);
        }
        save(world, some);
        all.insert(all.end(), some.begin(), some.end());
    }
    const auto trimmed = must(trim_decisions(*world.connection, moment(20), 1'000));
    all.erase(all.begin(), all.begin() + trimmed);
    REQUIRE(all.front().journal_seq == JournalSeq{20});
    for (int round = 0; round < 300; ++round) {
        DecisionFilter filter;
        if (random.below(2) == 0)
            filter.alert = AlertId{static_cast<std::int64_t>(random.below(alerts + 2))};
        if (random.below(2) == 0)
            filter.incident = IncidentId{static_cast<std::int64_t>(random.below(incidents + 2))};
        const Scope scope = random.below(2) == 0 ? Scope::all() : Scope::of(k_theirs);
        const PageRequest page{static_cast<std::int64_t>(random.below(all.size() + 40)),
                               1 + static_cast<int>(random.below(40))};
        Ids meant;
        for (const Decision& one : all) {
            if (scope.allows(one.organisation) &&
                (!filter.alert.is_set() || one.alert == filter.alert) &&
                (!filter.incident.is_set() || one.incident == filter.incident)) {
                meant.push_back(one.id.value);
            }
        }
        const auto limit = static_cast<std::size_t>(page.limit);
        Ids newest(meant.rbegin(), meant.rend());
        if (newest.size() > limit) newest.resize(limit);
        Ids following;
        for (const auto id : meant) {
            if (id > page.after) following.push_back(id);
        }
        const bool more = following.size() > limit;
        if (more) following.resize(limit);
        INFO("round " << round);
        const auto read = must(decisions(*world.connection, scope, filter, page));
        REQUIRE(numbers_of(read.items) == following);
        REQUIRE(read.next.has_value() == more);
        REQUIRE(numbers_of(must(latest_decisions(*world.connection, scope, filter, page.limit))) ==
                newest);
    }
}

TEST_CASE("decisions: a row that cannot be read is told by its record") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    save(world, {decision_of(1)});
    auto statement = must(world.connection->prepare("UPDATE decisions SET packed = $1"));
    const std::string broken = "\x01\x02";
    statement->bind_blob(1, std::as_bytes(std::span(broken)));
    must(statement->run());
    const auto read = decisions(*world.connection, Scope::all(), {}, {});
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::corrupt);
    CHECK(read.error().message == "the decisions about journal record 301 are unreadable");
}

TEST_CASE("decisions: the oldest are trimmed, so many at a time, and counted") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    std::vector<Decision> all;
    for (std::int64_t id = 1; id <= 7; ++id) all.push_back(decision_of(id));
    save(world, all);
    CHECK(must(trim_decisions(connection, moment(1), 100)) == 0);  // not older than itself
    CHECK(must(trim_decisions(connection, moment(6), 2)) == 2);
    CHECK(found(world) == Ids{3, 4, 5, 6, 7});
    CHECK(must(trim_decisions(connection, moment(6), 100)) == 3);
    CHECK(found(world) == Ids{6, 7});
    CHECK(must(trim_decisions(connection, moment(6), 100)) == 0);
}

TEST_CASE("decisions: a clock that stepped back takes no younger ones along") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    std::vector<Decision> all;
    for (const std::int64_t second : {10, 500, 20, 30}) {
        all.push_back(decision_of(static_cast<std::int64_t>(all.size()) + 1));
        all.back().at = moment(second);
    }
    save(world, all);
    CHECK(must(trim_decisions(*world.connection, moment(100), 100)) == 3);
    CHECK(found(world) == Ids{2});
}
