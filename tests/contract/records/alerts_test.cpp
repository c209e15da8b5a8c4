// Alerts, the cursor and the sequences, on every engine.
#include "core/model/json.hpp"
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

using Ids = std::vector<std::int64_t>;

Changes with(std::vector<Alert> alerts) {
    Changes changes;
    changes.cursor = JournalSeq{50};
    changes.alerts = std::move(alerts);
    return changes;
}

Ids found(Records& world, const AlertFilter& filter, const Scope& scope = Scope::all()) {
    return numbers_of(must(alerts(*world.connection, scope, filter, {})).items);
}

}  // namespace

TEST_CASE("alerts: one comes back with every field") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    Alert wanted = alert_of(7, k_theirs);
    wanted.text = AlertText("generic", "disk:7",
                            "Gr\xc3\xb6\xc3\x9f"
                            "e: \"97 %\"\n'x'",
                            {{"\xc3\xbc", std::string("a\0b", 3)}});
    wanted.expires_after = Millis{90'001};
    must(save_changes(*world.connection, with({wanted})));
    const Alert read = must(alert(*world.connection, Scope::all(), AlertId{7}));
    CHECK(to_json(read) == to_json(wanted));
    CHECK(read.expires_after == wanted.expires_after);
    CHECK(must(cursor(*world.connection)) == JournalSeq{50});
}

TEST_CASE("alerts: saving again changes the state and keeps the identity") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    must(save_changes(*world.connection, with({alert_of(7), alert_of(8)})));
    Alert changed = alert_of(9, k_theirs);
    changed.id = AlertId{7};
    changed.text = AlertText("other", "other", changed.text.summary(), changed.text.labels());
    must(save_changes(*world.connection, with({changed})));
    Alert expected = changed;
    expected.organisation = k_ours;
    const AlertText known = alert_of(7).text;
    expected.text =
        AlertText(known.source(), known.key(), changed.text.summary(), changed.text.labels());
    CHECK(to_json(must(alert(*world.connection, Scope::all(), AlertId{7}))) == to_json(expected));
    CHECK(to_json(must(alert(*world.connection, Scope::all(), AlertId{8}))) ==
          to_json(alert_of(8)));
}

TEST_CASE("alerts: last seen is the later of the fold's word and a resend's") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(save_changes(connection, with({alert_of(7), alert_of(8)})));
    const auto seen = [&] {
        return must(alert(connection, Scope::all(), AlertId{7})).last_seen_at;
    };
    must(save_last_seen(connection, {{AlertId{7}, moment(500)}, {AlertId{8}, moment(1)}}));
    CHECK(seen() == moment(500));
    CHECK(must(alert(connection, Scope::all(), AlertId{8})).last_seen_at == moment(9));
    Alert later = alert_of(7);
    later.last_seen_at = moment(600);
    must(save_changes(connection, with({later})));
    CHECK(seen() == moment(600));
    must(save_last_seen(connection, {{AlertId{7}, moment(700)}}));
    CHECK(seen() == moment(700));
    CHECK(must(alerts(connection, Scope::all(), {}, {})).items.at(1).last_seen_at == moment(700));
}

TEST_CASE("alerts: a forgotten one is gone, with what resends noted of it") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(save_changes(connection, with({alert_of(7), alert_of(8)})));
    must(save_last_seen(connection, {{AlertId{7}, moment(500)}}));
    Changes forget;
    forget.forgotten = {AlertId{7}, AlertId{99}};
    must(save_changes(connection, forget));
    CHECK(alert(connection, Scope::all(), AlertId{7}).error() ==
          fail(ErrorCode::not_found, "no alert 7"));
    CHECK(found(world, {}) == Ids{8});
    CHECK(rows(connection, "SELECT id FROM alert_seen", 1).empty());
}

TEST_CASE("alerts: each filter, all of them together, and pages") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    std::vector<Alert> all;
    for (std::int64_t id = 1; id <= 7; ++id) {
        Alert one = alert_of(id, id > 5 ? k_theirs : k_ours);
        one.state = id % 3 == 0 ? AlertState::resolved : AlertState::firing;
        one.asset = AssetId{id % 2 + 1};
        one.incident = IncidentId{id / 4};
        all.push_back(one);
    }
    must(save_changes(*world.connection, with(all)));
    AlertFilter filter;
    CHECK(found(world, filter) == Ids{7, 6, 5, 4, 3, 2, 1});
    filter.state = AlertState::resolved;
    CHECK(found(world, filter) == Ids{6, 3});
    filter = {};
    filter.asset = AssetId{1};
    CHECK(found(world, filter) == Ids{6, 4, 2});
    filter.among = {AlertId{7}, AlertId{6}, AlertId{2}, AlertId{1}};
    CHECK(found(world, filter) == Ids{6, 2});
    CHECK(found(world, filter, Scope::of(k_ours)) == Ids{2});
    filter.among = std::vector<AlertId>{};
    CHECK(found(world, filter).empty());
    filter.among.reset();
    filter.incident = IncidentId{1};
    CHECK(found(world, filter) == Ids{6, 4});
    filter.state = AlertState::firing;
    filter.key = "disk:4";
    CHECK(found(world, filter) == Ids{4});
    CHECK(found(world, filter, Scope::of(k_theirs)).empty());
    filter.key = "DISK:4";
    CHECK(found(world, filter).empty());
    for (int limit = 1; limit <= 8; ++limit) {
        Ids pages;
        for (PageRequest request{0, limit};;) {
            const auto page = must(alerts(*world.connection, Scope::of(k_ours), {}, request));
            for (const auto id : numbers_of(page.items)) pages.push_back(id);
            if (!page.next) break;
            request.after = *page.next;
        }
        CHECK(pages == Ids{5, 4, 3, 2, 1});
    }
}

TEST_CASE("alerts: of many named ones the pages hold those that match, the newest first") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    std::vector<Alert> all;
    AlertFilter filter;
    filter.among.emplace();
    Ids wanted;
    for (std::int64_t id = 1; id <= 1'000; ++id) {
        all.push_back(alert_of(id));
        all.back().state = id % 7 == 0 ? AlertState::firing : AlertState::resolved;
    }
    must(save_changes(*world.connection, with(all)));
    for (std::int64_t id = 1'200; id > 0; id -= 2) {  // some that the store has not yet
        filter.among->push_back(AlertId{id});
        if (id <= 1'000 && id % 7 == 0) wanted.push_back(id);
    }
    filter.state = AlertState::firing;
    for (const int limit : {1, 13, 500}) {
        Ids pages;
        for (PageRequest request{0, limit};;) {
            const auto page = must(alerts(*world.connection, Scope::all(), filter, request));
            for (const auto id : numbers_of(page.items)) pages.push_back(id);
            if (!page.next) break;
            request.after = *page.next;
        }
        CHECK(pages == wanted);
    }
}

TEST_CASE("alerts: the state at start visits every row in the order of ids") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    must(save_changes(*world.connection, with({alert_of(9), alert_of(2, k_theirs), alert_of(5)})));
    must(save_last_seen(*world.connection, {{AlertId{5}, moment(500)}}));
    std::vector<Alert> visited;
    must(each_alert(*world.connection, [&](Alert&& one) { visited.push_back(std::move(one)); }));
    CHECK(numbers_of(visited) == Ids{2, 5, 9});
    CHECK(visited.at(1).last_seen_at == moment(500));
    CHECK(to_json(visited.at(2)) == to_json(alert_of(9)));
}

TEST_CASE("progress: each name has its own position, 0 while never set") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    CHECK(must(cursor(connection)) == JournalSeq{});
    CHECK(must(progress(connection, "trim")) == 0);
    must(set_progress(connection, "trim", 7));
    must(set_progress(connection, "trim", 5'000'000'000));
    must(save_changes(connection, with({})));
    CHECK(must(progress(connection, "trim")) == 5'000'000'000);
    CHECK(must(cursor(connection)) == JournalSeq{50});
}

TEST_CASE("sequences: begin at 1, and come back as they were saved last") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    CHECK(must(load_sequences(connection)) == Sequences{});
    const Sequences far{2, 3, 5'000'000'000, 5, 6, 7, 8, 9};
    must(save_sequences(connection, far));
    CHECK(must(load_sequences(connection)) == far);
    Sequences further = far;
    ++further.next_delivery;
    must(save_sequences(connection, further));
    CHECK(must(load_sequences(connection)) == further);
}
