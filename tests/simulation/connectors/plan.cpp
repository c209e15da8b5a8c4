#include "tests/simulation/connectors/plan.hpp"

#include <algorithm>
#include <array>

namespace gantry::simulation {
namespace {

class Planner {
public:
    explicit Planner(std::uint64_t seed) : random_(seed) {}

    Plan plan(std::uint64_t seed) {
        Plan out;
        out.seed = seed;
        const bool large = one_in(40);
        out.incidents = static_cast<int>(large ? between(60, 250) : between(1, 12));
        out.rows_per_incident = static_cast<int>(between(1, 5));
        out.span = Millis{between(20, large ? 1'200 : 300) * 1'000};
        if (one_in(2)) out.crashes = static_cast<int>(between(1, 6));
        if (one_in(3)) out.clean_stops = static_cast<int>(between(1, 4));
        if (one_in(3)) out.clock_steps = static_cast<int>(between(1, 4));
        out.clock_step = Millis{between(1, 900) * 1'000};
        if (one_in(2)) out.failing_permille = static_cast<int>(between(1, 200));
        if (one_in(4)) out.outbox_outages = static_cast<int>(between(1, 3));
        if (one_in(2)) out.operator_retries = static_cast<int>(between(1, 40));
        out.outbox_latency = Millis{any_of(std::array<std::int64_t, 4>{0, 3, 200, 3'000})};
        const auto tools = between(1, 3);
        for (std::int64_t i = 0; i < tools; ++i) out.tools.push_back(tool(i, out.span));
        return out;
    }

private:
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low +
               static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
    }
    bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
    int share() { return one_in(2) ? 0 : static_cast<int>(between(1, 15)); }
    template <std::size_t N>
    std::int64_t any_of(const std::array<std::int64_t, N>& values) {
        return values[random_.below(N)];
    }

    connectors::DeliveryLimits limits() {
        connectors::DeliveryLimits out;
        out.concurrency = static_cast<std::size_t>(between(1, 6));
        out.per_minute = any_of(std::array<std::int64_t, 4>{60, 600, 6'000, 60'000});
        out.attempt_timeout = Millis{between(500, 15'000)};
        out.backoff = {Millis{between(1, 2'000)}, Millis{between(2'000, 120'000)}};
        out.max_age = Millis{any_of(std::array<std::int64_t, 3>{60'000, 900'000, 86'400'000})};
        out.max_attempts = any_of(std::array<std::int64_t, 4>{1, 4, 20, 500});
        out.retry_after_cap = Millis{between(1'000, 120'000)};
        out.circuit_failures = static_cast<int>(between(1, 6));
        out.circuit = {Millis{between(100, 10'000)}, Millis{between(10'000, 60'000)}};
        return out;
    }

    ToolPlan tool(std::int64_t number, Millis span) {
        ToolPlan out;
        out.name = "tool-" + std::to_string(number);
        out.limits = limits();
        out.gives_remote_ids = !one_in(4);
        ToolFaults& f = out.faults;
        for (int* percent : {&f.refuse_connection, &f.turn_away, &f.throttle, &f.server_error,
                             &f.timeout_before, &f.timeout_after, &f.timeout_late, &f.reset_before,
                             &f.reset_after, &f.garbage, &f.slow}) {
            *percent = share();
        }
        if (one_in(3)) f.client_error = static_cast<int>(between(1, 20));
        const auto outages = one_in(2) ? between(1, 3) : 0;
        for (std::int64_t i = 0; i < outages; ++i) {
            const Millis from{between(0, span.count())};
            const Millis lasts{between(1'000, span.count() / 2)};
            out.outages.push_back(
                {from, std::min(span, from + lasts), static_cast<int>(between(0, 4))});
        }
        return out;
    }

    SeededRandom random_;
};

}  // namespace

Plan make_plan(std::uint64_t seed) { return Planner(seed).plan(seed); }

}  // namespace gantry::simulation
