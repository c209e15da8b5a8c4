// Decisions, on every engine: kept as they were, read in order, trimmed by age.
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
    filter.journal_seq = JournalSeq{303};
    CHECK(found(world, filter) == Ids{6});
    CHECK(found(world, filter, Scope::of(k_ours)).empty());
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
