#include "core/records/decision_block.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "core/base/random.hpp"
#include "core/model/json.hpp"

using namespace gantry;
using namespace gantry::records;

namespace {

Decision some_decision(std::int64_t id, JournalSeq seq) {
    Decision out;
    out.id = DecisionId{id};
    out.organisation = OrganisationId{1};
    out.journal_seq = seq;
    out.event_index = id % 64;
    out.at = from_ms(1'700'000'000'000);
    out.alert = AlertId{1'000 + id};
    out.episode = EpisodeId{2'000 + id};
    out.asset = AssetId{1 + id % 5'000};
    out.outcome = Outcome::recorded;
    out.promote = PromoteReason::rule_records_only;
    out.rules_version = -8'234'567'890'123'456'789;
    out.rule_index = 2;
    return out;
}

void check_same(const std::vector<Decision>& given, JournalSeq seq) {
    const auto read = unpack_decisions(pack_decisions(given), seq);
    REQUIRE(read);
    REQUIRE(read->size() == given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
        REQUIRE(to_json((*read)[i]) == to_json(given[i]));
    }
}

}  // namespace

TEST_CASE("decision block: what was packed comes back, and neighbours are small") {
    std::vector<Decision> given;
    for (std::int64_t id = 100'000; id < 100'064; ++id) {
        given.push_back(some_decision(id, JournalSeq{9}));
    }
    check_same(given, JournalSeq{9});
    CHECK(pack_decisions(given).size() < 64 * 18);
    CHECK(unpack_decisions(pack_decisions({}), JournalSeq{9})->empty());
}

TEST_CASE("decision block: any numbers come back") {
    constexpr auto k_low = std::numeric_limits<std::int64_t>::min();
    constexpr auto k_high = std::numeric_limits<std::int64_t>::max();
    SeededRandom random(3);
    std::vector<Decision> given;
    const auto any = [&] {
        switch (random.below(4)) {
            case 0: return k_low;
            case 1: return k_high;
            case 2: return std::int64_t{0};
            default: return static_cast<std::int64_t>(random.below(std::uint64_t{1} << 62));
        }
    };
    for (int i = 0; i < 500; ++i) {
        Decision one = some_decision(1, JournalSeq{4});
        one.id = DecisionId{any()};
        one.organisation = OrganisationId{any()};
        one.event_index = any();
        one.at = from_ms(static_cast<std::int64_t>(random.below(4'000'000'000'000)));
        one.alert = AlertId{any()};
        one.episode = EpisodeId{any()};
        one.incident = IncidentId{any()};
        one.asset = AssetId{any()};
        one.outcome = static_cast<Outcome>(random.below(9));
        one.dedup = static_cast<DedupReason>(random.below(11));
        one.identify = static_cast<IdentifyReason>(random.below(8));
        one.promote = static_cast<PromoteReason>(random.below(13));
        one.action = static_cast<EventAction>(random.below(2));
        one.severity = static_cast<Severity>(random.below(3));
        one.rules_version = any();
        one.rule_index = any();
        given.push_back(one);
    }
    check_same(given, JournalSeq{4});
}

TEST_CASE("decision block: what is cut or of another format is refused, never read past its end") {
    const std::vector<Decision> given{some_decision(5, JournalSeq{9})};
    const std::string packed = pack_decisions(given);
    for (std::size_t size = 2; size < packed.size(); ++size) {
        INFO(size);
        const auto read = unpack_decisions(packed.substr(0, size), JournalSeq{9});
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::corrupt);
    }
    std::string strange = packed;
    for (std::size_t at = 1; at < packed.size(); ++at) {
        strange = packed;
        strange[at] = '\x7f';  // whatever it was: not read as something that has no name
        const auto read = unpack_decisions(strange, JournalSeq{9});
        if (!read) continue;
        for (const Decision& one : *read) {
            CHECK(one.outcome <= Outcome::ignored);
            CHECK(one.severity <= Severity::critical);
        }
    }
    CHECK_FALSE(unpack_decisions("", JournalSeq{9}));
    CHECK_FALSE(unpack_decisions("\x02" + packed.substr(1), JournalSeq{9}));
}
