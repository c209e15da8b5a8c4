#include "agent/spool/spool.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "agent/spool/marker.hpp"
#include "core/model/report_json.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

constexpr std::size_t k_report = k_max_report_bytes;

// A spool that is open and whose first full state (due in every new epoch) is done with.
struct Ready : SpoolFixture {
    Ready() {
        REQUIRE(open().has_value());
        REQUIRE(spool->append_full_state({}).has_value());
        acknowledge_all();
    }
    Report report() {
        auto made = spool->next_report(k_report);
        REQUIRE(made.has_value());
        return std::move(*made);
    }
    void acknowledge_all() {
        const Report all = report();
        REQUIRE(spool->acknowledge(all.epoch, all.last_seq).has_value());
    }
};

std::vector<RecordKind> kinds(const Report& report) {
    std::vector<RecordKind> out;
    for (const ReportRecord& record : report.records) out.push_back(record.kind);
    return out;
}

std::int64_t dropped_of(const agent::Spool& spool, RecordKind kind) {
    std::int64_t out = 0;
    for (const agent::DropTotal& drop : spool.status().dropped) {
        if (drop.kind == kind) out += drop.count;
    }
    return out;
}

}  // namespace

TEST_CASE("spool: a new one begins epoch 1 and owes a full state") {
    SpoolFixture f;
    REQUIRE(f.open().has_value());
    CHECK(f.spool->status().epoch == 1);
    CHECK(f.spool->wants_full_state());
    const auto report = f.spool->next_report(k_report);
    REQUIRE(report.has_value());
    CHECK(report->records.empty());
    CHECK(report->first_seq == 1);
    CHECK(report->last_seq == 0);
}

TEST_CASE("spool: records come out in the order they went in, with contiguous ranges") {
    Ready f;
    REQUIRE(f.spool->append_sample(readings(1)).has_value());
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::warning)}).has_value());
    REQUIRE(f.spool->append_sample(readings(2)).has_value());
    Report report = f.report();
    CHECK(kinds(report) == std::vector{RecordKind::sample, RecordKind::state, RecordKind::sample});
    CHECK(report.first_seq == f.spool->status().acked_seq + 1);
    CHECK(report.last_seq == report.records.back().seq);
    CHECK(report.records[0].seq + 2 == report.records[2].seq);
    report.agent_id = "agent-1";  // the caller's to say
    CHECK(decode_report(encode(report)).has_value());
}

TEST_CASE("spool: a report is repeated until it is acknowledged, then gone") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    const Report first = f.report();
    const Report again = f.report();
    CHECK(encode(first) == encode(again));
    REQUIRE(f.spool->acknowledge(first.epoch, first.last_seq).has_value());
    CHECK(f.report().records.empty());
    CHECK(f.report().first_seq == first.last_seq + 1);
    CHECK_FALSE(f.spool->has_urgent());
}

TEST_CASE("spool: an acknowledgement of another epoch or of the past changes nothing") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    const Report report = f.report();
    REQUIRE(f.spool->acknowledge(report.epoch + 1, report.last_seq).has_value());
    REQUIRE(f.spool->acknowledge(report.epoch, report.first_seq - 1).has_value());
    CHECK(f.report().records.size() == 1);
    CHECK(f.spool->status().epoch == report.epoch);
}

TEST_CASE("spool: an acknowledgement of numbers never given begins a new epoch") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    REQUIRE(f.spool->acknowledge(1, 1'000'000).has_value());
    CHECK(f.spool->status().epoch == 2);
    CHECK(f.spool->wants_full_state());
    CHECK(f.report().records.size() == 1);  // kept, told again under the new epoch
}

TEST_CASE("spool: an epoch that the server knows is passed, one left behind is not gone back to") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    REQUIRE(f.spool->pass_epoch(400).has_value());
    CHECK(f.spool->status().epoch == 401);
    CHECK(f.spool->wants_full_state());
    CHECK(f.report().records.size() == 1);
    for (const std::int64_t known : {std::int64_t{400}, std::int64_t{1}, INT64_MAX}) {
        REQUIRE(f.spool->pass_epoch(known).has_value());
        CHECK(f.spool->status().epoch == 401);
    }
}

TEST_CASE("spool: states, conditions, epoch and numbers survive a kill; held samples do not") {
    Ready f;
    REQUIRE(f.spool->append_sample(readings(1)).has_value());
    REQUIRE(f.spool
                ->append_states({transition("a", Condition::ok, Condition::critical, "/var"),
                                 transition("b", Condition::ok, Condition::warning)})
                .has_value());
    const std::int64_t last = f.spool->status().last_seq;
    SpoolFixture copy;  // what is on disk at this moment is what a kill leaves
    std::filesystem::copy(f.directory.path(), copy.directory.path(),
                          std::filesystem::copy_options::recursive);
    REQUIRE(copy.open().has_value());
    CHECK(copy.spool->status().epoch == 1);
    CHECK(copy.spool->conditions() ==
          agent::Conditions{{{"a", "/var"}, {Condition::critical, Condition::critical}},
                            {{"b", ""}, {Condition::warning, Condition::warning}}});
    const auto report = copy.spool->next_report(k_report);
    REQUIRE(report.has_value());
    CHECK(kinds(*report) == std::vector{RecordKind::state, RecordKind::state});
    REQUIRE(copy.spool->append_states({transition("a", Condition::critical, Condition::ok, "/var")})
                .has_value());
    CHECK(copy.spool->status().last_seq > last);  // no number is given twice
    CHECK(copy.spool->conditions().size() == 1);
}

TEST_CASE("spool: a clean stop keeps the samples that were held") {
    Ready f;
    REQUIRE(f.spool->append_sample(readings(1)).has_value());
    REQUIRE(f.spool->flush().has_value());
    REQUIRE(f.open().has_value());
    CHECK(kinds(f.report()) == std::vector{RecordKind::sample});
}

TEST_CASE("spool: while the server answers, samples never touch the disk") {
    Ready f;
    REQUIRE(f.spool->append_sample(readings(1)).has_value());
    f.acknowledge_all();
    const auto written = [&] {
        return std::filesystem::last_write_time(f.directory.path() + "/spool.db-wal");
    };
    const auto before = written();
    for (int i = 0; i < 100; ++i) {
        REQUIRE(f.spool->append_sample(readings(i)).has_value());
        f.acknowledge_all();
    }
    CHECK(written() == before);
}

TEST_CASE("spool: full, it drops the oldest samples first and tells exactly how many") {
    Ready f;
    REQUIRE(f.spool->append_states({transition("early", Condition::ok, Condition::warning)})
                .has_value());
    constexpr int k_samples = 4000;
    for (int i = 0; i < k_samples; ++i) {
        REQUIRE(f.spool->append_sample(readings(i, 5)).has_value());
    }
    const std::int64_t dropped = dropped_of(*f.spool, RecordKind::sample);
    CHECK(dropped > 0);
    CHECK(dropped_of(*f.spool, RecordKind::state) == 0);
    std::int64_t samples = 0;
    std::int64_t told = 0;
    std::vector<std::string> states;
    double last_value = -1;
    for (Report part = f.report(); !part.records.empty(); part = f.report()) {
        for (const ReportRecord& record : part.records) {
            if (record.kind == RecordKind::sample) {
                ++samples;
                CHECK(record.readings[0].value > last_value);
                last_value = record.readings[0].value;
            }
            if (record.kind == RecordKind::dropped) told += record.dropped[0].count;
            if (record.kind == RecordKind::state) states.push_back(record.states[0].check);
        }
        REQUIRE(f.spool->acknowledge(part.epoch, part.last_seq).has_value());
    }
    CHECK(samples + dropped == k_samples);
    CHECK(told == dropped);
    CHECK(last_value == k_samples - 1);
    CHECK(states == std::vector<std::string>{"early"});
}

TEST_CASE("spool: states go only when no sample is left, counted, and a full state is owed") {
    Ready f;
    for (int i = 0; i < 300; ++i) REQUIRE(f.spool->append_sample(readings(i, 5)).has_value());
    REQUIRE(f.spool->flush().has_value());
    int appended = 0;
    while (dropped_of(*f.spool, RecordKind::state) == 0) {
        REQUIRE(appended < 20'000);
        const std::vector<CheckState> batch(50,
                                            transition("check", Condition::ok, Condition::warning));
        REQUIRE(f.spool->append_states(batch).has_value());
        appended += 50;
    }
    CHECK(f.spool->wants_full_state());
    CHECK(f.spool->status().samples == 0);
    CHECK(dropped_of(*f.spool, RecordKind::sample) == 300);
    CHECK(f.spool->status().states + dropped_of(*f.spool, RecordKind::state) == appended);
}

TEST_CASE("spool: one dropped record at a time is under way, later counts wait for the next") {
    Ready f;
    const auto fill = [&] {
        const std::int64_t before = dropped_of(*f.spool, RecordKind::sample);
        while (dropped_of(*f.spool, RecordKind::sample) == before) {
            REQUIRE(f.spool->append_sample(readings(1, 50)).has_value());
        }
    };
    const auto count = [](const Report& report) {
        return std::count_if(report.records.begin(), report.records.end(),
                             [](const auto& record) { return record.kind == RecordKind::dropped; });
    };
    fill();
    Report all = *f.spool->next_report(100 << 20);
    CHECK(count(all) == 1);
    fill();
    all = *f.spool->next_report(100 << 20);
    CHECK(count(all) == 1);
    REQUIRE(f.spool->acknowledge(all.epoch, all.last_seq).has_value());
    CHECK(count(*f.spool->next_report(100 << 20)) == 1);
}

TEST_CASE("spool: samples past their age are dropped as too old, states never by age") {
    Ready f;
    f.max_held = 1;
    REQUIRE(f.open().has_value());
    REQUIRE(
        f.spool->append_states({transition("old", Condition::ok, Condition::warning)}).has_value());
    REQUIRE(f.spool->append_sample(readings(1)).has_value());
    f.clock.advance(Millis{8 * 86'400'000LL});
    REQUIRE(f.spool->append_sample(readings(2)).has_value());
    const Report report = f.report();
    CHECK(kinds(report) == std::vector{RecordKind::state, RecordKind::sample, RecordKind::dropped});
    CHECK(report.records[2].dropped[0].reason == "too old");
}

TEST_CASE("spool: newer facts and full states supersede unsent ones") {
    Ready f;
    Facts facts;
    for (const char* name : {"one", "two", "three"}) {
        facts.hostname = name;
        REQUIRE(f.spool->append_facts(facts).has_value());
        REQUIRE(f.spool->append_full_state({transition(name, Condition::ok, Condition::ok)})
                    .has_value());
    }
    const Report report = f.report();
    REQUIRE(kinds(report) == std::vector{RecordKind::facts, RecordKind::full_state});
    CHECK(report.records[0].facts->hostname == "three");
    CHECK(report.records[1].states[0].check == "three");
}

TEST_CASE("spool: age is by the steady clock within a boot and by the wall clock across boots") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    f.clock.advance(Millis{5'000});
    f.clock.step_wall(Millis{3'600'000});
    CHECK(f.report().records[0].age_ms == 5'000);
    f.boot_id = "boot-2";
    REQUIRE(f.open().has_value());
    CHECK(f.report().records[0].age_ms == 3'605'000);
    f.clock.step_wall(Millis{-86'400'000});
    CHECK(f.report().records[0].age_ms == 0);
}

TEST_CASE("spool: a report stays inside its bound, yet carries one record at least") {
    Ready f;
    for (int i = 0; i < 50; ++i) {
        REQUIRE(f.spool->append_sample(readings(i, 100)).has_value());
    }
    const auto small = f.spool->next_report(40'000);
    REQUIRE(small.has_value());
    CHECK(small->records.size() > 1);
    CHECK(encode(*small).size() <= 40'000);
    CHECK(f.spool->next_report(10)->records.size() == 1);
}

TEST_CASE("spool: a lost file means a new epoch, and the server is told") {
    Ready f;
    f.spool.reset();
    std::filesystem::remove(f.directory.path() + "/spool.db");
    REQUIRE(f.open().has_value());
    CHECK(f.spool->status().epoch == 2);
    CHECK(f.spool->wants_full_state());
    const Report report = f.report();
    REQUIRE(kinds(report) == std::vector{RecordKind::dropped});
    CHECK(report.records[0].dropped[0].reason == "spool lost, number unknown");
}

TEST_CASE("spool: a damaged file is set aside and means a new epoch") {
    Ready f;
    f.spool.reset();
    std::ofstream(f.directory.path() + "/spool.db", std::ios::binary) << std::string(50'000, 'x');
    REQUIRE(f.open().has_value());
    CHECK(f.spool->status().epoch == 2);
    CHECK(std::filesystem::exists(f.directory.path() + "/spool.db.corrupt"));
}

TEST_CASE("spool: a file brought back from the past is noticed by its marker") {
    Ready f;
    f.spool.reset();
    const std::string database = f.directory.path() + "/spool.db";
    std::filesystem::copy_file(database, database + ".old");
    REQUIRE(f.open().has_value());
    for (int i = 0; i < 2000; ++i) {
        REQUIRE(f.spool->append_sample(readings(i)).has_value());
        f.acknowledge_all();
    }
    f.spool.reset();
    std::filesystem::rename(database + ".old", database);
    std::filesystem::remove(database + "-wal");
    REQUIRE(f.open().has_value());
    CHECK(f.spool->status().epoch == 2);
}

TEST_CASE("spool: without its marker an intact file goes on in a new epoch") {
    Ready f;
    REQUIRE(
        f.spool->append_states({transition("a", Condition::ok, Condition::critical)}).has_value());
    f.spool.reset();
    std::filesystem::remove(f.directory.path() + "/spool.marker");
    REQUIRE(f.open().has_value());
    CHECK(f.spool->status().epoch == 2);
    CHECK(kinds(f.report()) == std::vector{RecordKind::state});
    CHECK(agent::read_marker(f.directory.path() + "/spool.marker")->epoch == 2);
}

TEST_CASE("spool: what the server refuses is dropped, counted and told") {
    Ready f;
    REQUIRE(f.spool
                ->append_states({transition("a", Condition::ok, Condition::critical),
                                 transition("b", Condition::ok, Condition::critical)})
                .has_value());
    const Report before = f.report();
    REQUIRE(f.spool->drop_refused(before.records[0].seq).has_value());
    const Report after = f.report();
    REQUIRE(kinds(after) == std::vector{RecordKind::state, RecordKind::dropped});
    CHECK(after.records[0].states[0].check == "b");
    CHECK(after.records[1].dropped[0].reason == "refused by the server");
    CHECK(f.spool->wants_full_state());
}

TEST_CASE("spool: files are for the agent alone") {
    Ready f;
    using std::filesystem::perms;
    for (const char* name : {"/spool.db", "/spool.marker"}) {
        const auto mode = std::filesystem::status(f.directory.path() + name).permissions();
        CHECK((mode & (perms::group_all | perms::others_all)) == perms::none);
    }
}
