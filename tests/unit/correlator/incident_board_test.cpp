#include "correlator/state/incident_board.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::correlator;

namespace {

Incident incident(std::int64_t id, IncidentState state, Instant resolved = {}) {
    Incident out;
    out.id = IncidentId{id};
    out.state = state;
    out.resolved_at = resolved;
    return out;
}

}  // namespace

TEST_CASE("incident board: open ones and those resolved inside the window are found") {
    IncidentBoard board(Millis{1000});
    board.learn(incident(1, IncidentState::on_hold));
    board.learn(incident(2, IncidentState::resolved, from_ms(5000)));
    board.learn(incident(3, IncidentState::closed));
    CHECK(board.find(IncidentId{1}, from_ms(99'999)));
    CHECK(board.find_open(IncidentId{1}));
    CHECK(board.find(IncidentId{2}, from_ms(6000)));
    CHECK_FALSE(board.find(IncidentId{2}, from_ms(6001)));
    CHECK_FALSE(board.find_open(IncidentId{2}));
    CHECK_FALSE(board.find(IncidentId{3}, from_ms(0)));
    CHECK_FALSE(board.find(IncidentId{}, from_ms(0)));
}

TEST_CASE("incident board: tidying drops many ended ones and nothing that can still be found") {
    IncidentBoard board(Millis{1000});
    for (std::int64_t id = 1; id <= 6000; ++id) {
        IncidentEntry entry;
        auto& open = board.open(IncidentId{id}, entry);
        if (id % 2 == 0) board.resolve(open, from_ms(id));
    }
    board.tidy(from_ms(6000));
    CHECK(board.size() == 6000);  // not many yet
    for (std::int64_t id = 1; id <= 6000; id += 2)
        board.resolve(*board.find_open(IncidentId{id}), from_ms(id));
    board.tidy(from_ms(6000));
    CHECK(board.size() == 1001);
    CHECK(board.find(IncidentId{5000}, from_ms(6000)));
    CHECK_FALSE(board.find(IncidentId{4999}, from_ms(6000)));
}

TEST_CASE("incident board: alerts kept back are released once, when the incident ends") {
    IncidentBoard board(Millis{1000});
    board.learn(incident(1, IncidentState::in_progress));
    board.keep_back(IncidentId{1}, AlertId{7});
    CHECK(board.learn(incident(1, IncidentState::on_hold)).empty());
    CHECK(board.learn(incident(1, IncidentState::resolved)) == std::vector{AlertId{7}});
    CHECK(board.learn(incident(1, IncidentState::closed)).empty());
}

TEST_CASE("incident board: firings are counted without regard to the incident's state") {
    IncidentBoard board(Millis{1000});
    CHECK(board.firing(IncidentId{1}) == 0);
    board.count_firing(IncidentId{1}, 1);
    board.count_firing(IncidentId{1}, 1);
    board.count_firing(IncidentId{1}, -1);
    CHECK(board.firing(IncidentId{1}) == 1);
    board.count_firing(IncidentId{1}, -1);
    CHECK(board.firing(IncidentId{1}) == 0);
}
