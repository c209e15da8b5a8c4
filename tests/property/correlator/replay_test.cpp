// Equal journal, equal rules: equal effects to the byte, through resends in memory and crashes.
#include <catch2/catch.hpp>

#include "tests/support/correlator_workload.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

constexpr std::uint64_t k_seeds = 60;
constexpr int k_items = 400;

// Without alert rows: their last-seen times may hold resends that the journal never saw.
std::string effects(Changes changes) {
    changes.alerts.clear();
    return text_of(changes);
}

std::string rows(const NaiveStore& store) {
    std::string out;
    for (auto [id, alert] : store.alerts) {
        alert.last_seen_at = Instant{};
        out += text_of(alert) + "\n";
    }
    return out;
}

struct Recorded {
    std::vector<JournalItem> journal;
    std::vector<std::string> effects;
    std::string rows;
};

// Lives through the workload, with resends taken in memory between the records.
Recorded live(std::uint64_t seed) {
    Generator generator(seed, {});
    Run run(default_rules());
    Recorded out;
    for (int i = 0; i < k_items; ++i) {
        auto item = generator.next(run);
        if (auto* events = std::get_if<std::vector<Event>>(&item.body)) {
            std::erase_if(*events, [&](const Event& event) {
                return run.correlator->refresh(event, item.now);
            });
        }
        out.effects.push_back(effects(run.play(item)));
        out.journal.push_back(std::move(item));
    }
    out.rows = rows(run.store);
    return out;
}

}  // namespace

TEST_CASE("replay: the same journal gives the same changes, byte for byte") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        INFO("seed " << seed);
        const auto recorded = live(seed);
        Run first(default_rules());
        Options reseeded;
        reseeded.hash_seed = seed * 7919;
        Run second(default_rules(), reseeded);
        for (std::size_t i = 0; i < recorded.journal.size(); ++i) {
            const auto one = first.play(recorded.journal[i]);
            const auto two = second.play(recorded.journal[i]);
            INFO("item " << i);
            REQUIRE(text_of(one) == text_of(two));
            REQUIRE(effects(one) == recorded.effects[i]);
        }
        REQUIRE(first.sequences == second.sequences);
        REQUIRE(rows(first.store) == recorded.rows);
    }
}

TEST_CASE("replay: crashes at any moment change no effect") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        INFO("seed " << seed);
        const auto recorded = live(seed);
        SeededRandom random(seed + 1'000'000);
        Run run(default_rules());
        for (std::size_t i = 0; i < recorded.journal.size(); ++i) {
            INFO("item " << i);
            if (random.below(10) == 0) run.restart();
            REQUIRE(effects(run.play(recorded.journal[i])) == recorded.effects[i]);
        }
        REQUIRE(rows(run.store) == recorded.rows);
    }
}

TEST_CASE("replay: records folded into one transaction leave the same rows") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        INFO("seed " << seed);
        Workload workload;
        workload.people = false;
        Generator generator(seed, workload);
        Run apart(default_rules());
        std::vector<JournalItem> journal;
        for (int i = 0; i < k_items; ++i) {
            journal.push_back(generator.next(apart));
            apart.play(journal.back());
        }
        Run together(default_rules());
        SeededRandom random(seed);
        for (std::size_t i = 0; i < journal.size();) {
            Changes changes;
            for (auto batch = 1 + random.below(20); batch > 0 && i < journal.size(); --batch) {
                const FoldInput input{JournalSeq{++together.seq}, journal[i].now};
                if (const auto* events = std::get_if<std::vector<Event>>(&journal[i].body)) {
                    together.correlator->fold(input, *events, together.sequences, changes);
                } else {
                    together.correlator->expire(input,
                                                std::get<std::vector<AlertId>>(journal[i].body),
                                                together.sequences, changes);
                }
                ++i;
            }
            together.store.apply(changes);
        }
        REQUIRE(rows(together.store) == rows(apart.store));
        REQUIRE(together.sequences == apart.sequences);
        REQUIRE(together.store.incidents.size() == apart.store.incidents.size());
    }
}
