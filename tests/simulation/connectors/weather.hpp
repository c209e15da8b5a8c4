// A database with weather: operations fail now and then, a commit may happen and be reported as
// failed, and the program may die within any operation, as after kill -9.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/random.hpp"
#include "tests/support/faulty_database.hpp"

namespace gantry::simulation {

class Weather {
public:
    explicit Weather(std::uint64_t seed) : random_(seed) {}

    test::Fate next(test::DatabaseOperation operation);
    void fail_permille(int permille) { permille_ = permille; }
    void fail_all(bool failing) { all_fail_ = failing; }
    void die_within(std::int64_t operations) { left_ = operations; }
    void live_again() {
        left_ = -1;
        is_dead_ = false;
    }
    [[nodiscard]] bool is_dead() const { return is_dead_; }
    [[nodiscard]] std::size_t failures() const { return failures_; }

private:
    SeededRandom random_;
    int permille_ = 0;
    bool all_fail_ = false;
    std::int64_t left_ = -1;  // operations until the program dies; negative: it does not
    bool is_dead_ = false;
    std::size_t failures_ = 0;
};

// `weather` and `inner` outlive it.
std::unique_ptr<storage::Database> under_weather(storage::Database& inner, Weather& weather);

}  // namespace gantry::simulation
