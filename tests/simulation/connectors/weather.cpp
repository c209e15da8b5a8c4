#include "tests/simulation/connectors/weather.hpp"

namespace gantry::simulation {

using test::DatabaseOperation;
using test::Fate;

Fate Weather::next(DatabaseOperation operation) {
    if (operation == DatabaseOperation::prepare) return is_dead_ ? Fate::fails : Fate::goes;
    const Fate failing = random_.below(2) == 0 ? Fate::fails : Fate::happens_and_fails;
    if (is_dead_) return Fate::fails;
    if (left_ >= 0 && left_-- == 0) {
        is_dead_ = true;
        return failing;
    }
    if (!all_fail_ && static_cast<int>(random_.below(1'000)) >= permille_) return Fate::goes;
    ++failures_;
    return failing;
}

std::unique_ptr<storage::Database> under_weather(storage::Database& inner, Weather& weather) {
    return test::faulty(
        inner, [&weather](DatabaseOperation operation) { return weather.next(operation); });
}

}  // namespace gantry::simulation
