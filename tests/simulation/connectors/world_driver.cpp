// One engine's driver, as connectors/engine/runner is in production: does its steps, and tells it
// how they went at a later simulated moment.
#include <stdexcept>
#include <utility>

#include "connectors/engine/outbox_step.hpp"
#include "tests/simulation/connectors/world.hpp"

namespace gantry::simulation {

using namespace connectors;

namespace {

constexpr int k_most_steps_at_once = 2'000;

}  // namespace

void World::pump(Line& line) {
    for (int steps = 0; runs_ && !line.busy && !line.stopped; ++steps) {
        if (steps > k_most_steps_at_once) throw std::runtime_error("the engine spins");
        Step step = line.engine->next();
        if (auto* wanted = std::get_if<LeaseStep>(&step)) return lease(line, *wanted);
        if (auto* verdict = std::get_if<SettleStep>(&step)) return settle(line, *verdict);
        if (auto* idle = std::get_if<WaitStep>(&step)) return sleep(line, *idle);
        if (auto* begun = std::get_if<AttemptStep>(&step)) {
            attempt(line, std::move(*begun));
            continue;
        }
        line.stopped = true;
        when_stopped();
    }
}

// The answer comes later than the deed; in between anything may happen.
void World::lease(Line& line, const LeaseStep& step) {
    line.busy = true;
    const Instant wall = clock_.now();
    auto answer = perform(step, line.engine->name(), wall, *outbox_);
    if (weather_.is_dead()) return crash(any(Millis{60'000}));
    if (answer) {
        if (answer->rows.size() > step.max) broken_.push_back("more rows leased than asked for");
        for (const LeasedRow& row : answer->rows) rows_.leased(row, wall);
    }
    in_this_life(any(plan_.outbox_latency), [this, &line, answer = std::move(answer)] {
        line.busy = false;
        line.engine->leased(answer);
        pump(line);
    });
}

void World::settle(Line& line, SettleStep step) {
    line.busy = true;
    const auto answer = outbox_->settle(step.settlements);
    for (const Settlement& one : step.settlements) rows_.settled(one, answer.has_value());
    if (weather_.is_dead()) return crash(any(Millis{60'000}));
    in_this_life(any(plan_.outbox_latency), [this, &line, held = std::move(step), answer] {
        line.busy = false;
        line.engine->settled(held, answer);
        pump(line);
    });
}

void World::attempt(Line& line, AttemptStep step) {
    const Delivery& delivery = step.row.delivery;
    rows_.begun(step);
    line.pace->begun(delivery.id, clock_.steady_now());
    Exchange exchange = line.tool->call(delivery, step.timeout, now_);
    if (exchange.effect_in) {  // happens over there, whether we live or not
        at(now_ + *exchange.effect_in,
           [tool = line.tool.get(), delivery] { tool->take_effect(delivery); });
    }
    in_this_life(exchange.lasts, [this, &line, delivery, exchange] {
        DeliveryResult result = exchange.result;
        if (result.outcome == Outcome::accepted) {
            result.remote_id = line.tool->remote_id(delivery.incident);
        }
        rows_.finished(delivery.id, result, clock_.now());
        line.pace->finished(delivery.id, result, clock_.steady_now());
        line.engine->finished(delivery.id, result, exchange.lasts);
        pump(line);
    });
}

void World::sleep(Line& line, const WaitStep& step) {
    const auto now = clock_.steady_now();
    if (step.until <= now) broken_.push_back("a wait that does not wait");
    const std::uint64_t wake = ++line.wake;
    in_this_life(std::chrono::ceil<Millis>(step.until - now), [this, &line, wake] {
        if (wake == line.wake) pump(line);
    });
}

}  // namespace gantry::simulation
