#include "tests/simulation/connectors/world.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/records/query.hpp"
#include "itsm/outbox/sql_outbox.hpp"
#include "itsm/tickets/service_desk.hpp"

namespace gantry::simulation {
namespace {

using namespace connectors;
using records::Query;

// The longest attempt, what a slow outbox takes, and what the engine grants a broken one.
constexpr Millis k_longest_stop{15'000 + 120'000};

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}
void must(Result<void> result) {
    if (!result) throw std::runtime_error(result.error().message);
}

std::map<std::string, DeliveryLimits> limits_of(const Plan& plan) {
    std::map<std::string, DeliveryLimits> out;
    for (const ToolPlan& tool : plan.tools) out[tool.name] = tool.limits;
    return out;
}

}  // namespace

World::World(storage::Database& database, Plan plan)
    : plan_(std::move(plan)),
      database_(database),
      connection_(must(database.connect(storage::Durability::normal))),
      desk_(itsm::make_service_desk()),
      weather_(plan_.seed ^ 0x77),
      rough_(under_weather(database, weather_)),
      random_(plan_.seed),
      engine_random_(plan_.seed ^ 0x55),
      rows_(limits_of(plan_), plan_.is_calm()) {
    for (std::size_t i = 0; i < plan_.tools.size(); ++i) {
        Line& line = lines_[plan_.tools[i].name];
        line.tool = std::make_unique<Tool>(plan_.tools[i], plan_.seed * 31 + i,
                                           [this](const Delivery& d) { rows_.applied(d); });
    }
    weather_.fail_permille(plan_.failing_permille);
}

Run World::run() {
    schedule_writing();
    schedule_faults();
    start();
    run_until(plan_.span, [] { return false; });
    mend();
    drain("after the faults");
    rows_.check_at_rest(*connection_);
    for (auto& [name, line] : lines_) line.tool->forgive();
    // Rows behind a dead one come free, one dead row after the other.
    for (int i = 0; i <= plan_.rows_per_incident && !dead_rows().empty(); ++i) {
        for (const DeliveryId id : dead_rows()) {
            decide(id);
        }
        drain("after a person's retries");
    }
    rows_.check_all_ended(*connection_);
    return outcome();
}

Run World::outcome() {
    Run out;
    out.openings = openings_;
    const auto add = [&out](const std::vector<std::string>& from) {
        out.broken.insert(out.broken.end(), from.begin(), from.end());
    };
    add(broken_);
    add(rows_.broken());
    for (const auto& [name, line] : lines_) {
        if (!line.pace) continue;
        add(line.pace->broken());
        out.openings += line.pace->openings();
    }
    out.rows = static_cast<std::size_t>(next_delivery_ - 1);
    out.sends = rows_.sends();
    out.deaths = rows_.deaths();
    out.crashes = crashes_;
    out.failures = weather_.failures();
    return out;
}

// ---- what happens from outside

Millis World::any(Millis most) {
    return Millis{
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

void World::schedule_writing() {
    for (int incident = 1; incident <= plan_.incidents; ++incident) {
        const auto rows = 1 + random_.below(static_cast<std::uint64_t>(plan_.rows_per_incident));
        Millis when = any(plan_.span / 2);
        for (int number = 0; number < static_cast<int>(rows); ++number) {
            at(when, [this, incident, number] { write_row(incident, number); });
            when += random_.below(3) == 0 ? Millis{0} : any(plan_.span / 10);
        }
    }
}

// As the projector does: one row a connector, ids rising, then a word to the engines, which may be
// lost.
void World::write_row(int incident, int number) {
    must(connection_->begin());
    for (auto& [name, line] : lines_) {
        WrittenRow row;
        row.id = DeliveryId{next_delivery_++};
        row.connector = name;
        row.incident = IncidentId{incident};
        row.operation = number == 0 ? Operation::open : Operation::update;
        row.key = "INC" + std::to_string(incident) + "." + std::to_string(number) + "." + name;
        row.payload = R"({"key":")" + row.key + R"("})";
        row.at = clock_.now();
        Query insert(*connection_,
                     "INSERT INTO outbox (id, organisation_id, connector, incident_id, operation, "
                     "idempotency_key, payload, state, attempts, created_at, next_attempt_at, "
                     "lease_until, delivered_at, last_error, remote_id) "
                     "VALUES ($1,1,$2,$3,$4,$5,$6,0,0,$7,$8,0,0,'','')");
        insert.bind(row.id, name, row.incident, row.operation, row.key, row.payload, row.at,
                    row.at);
        must(insert.run());
        rows_.wrote(row);
    }
    must(connection_->commit());
    const bool heard = runs_ && random_.below(10) != 0;
    for (auto& [name, line] : lines_) {
        if (!heard || !runs_) continue;
        line.engine->notify();
        pump(line);
    }
}

void World::schedule_faults() {
    for (int i = 0; i < plan_.crashes; ++i) {
        at(any(plan_.span), [this] {
            if (!runs_) return;
            if (random_.below(2) == 0) return crash(any(Millis{60'000}));
            weather_.die_within(static_cast<std::int64_t>(random_.below(40)));
        });
    }
    for (int i = 0; i < plan_.clean_stops; ++i) at(any(plan_.span), [this] { stop_cleanly(); });
    for (int i = 0; i < plan_.clock_steps; ++i) at(any(plan_.span), [this] { step_clock(); });
    for (int i = 0; i < plan_.operator_retries; ++i) {
        at(any(plan_.span), [this] { operator_retries(); });
    }
    for (int i = 0; i < plan_.outbox_outages; ++i) {
        const Millis from = any(plan_.span);
        at(from, [this] { weather_.fail_all(true); });
        at(from + any(plan_.span), [this] { weather_.fail_all(false); });
    }
}

void World::step_clock() {
    const Millis by = any(plan_.clock_step);
    stepped_ += by;
    clock_.step_wall(random_.below(2) == 0 ? by : -by);
}

std::vector<DeliveryId> World::dead_rows() {
    Query rows(*connection_, "SELECT id FROM outbox WHERE state = 3 ORDER BY id");
    std::vector<DeliveryId> out;
    while (rows.next()) out.push_back(rows.id<DeliveryId>());
    must(rows.done());
    return out;
}

void World::operator_retries() {
    const auto dead = dead_rows();
    if (dead.empty()) return;
    decide(dead[random_.below(dead.size())]);
}

// What is old news by now cannot be retried.
void World::decide(DeliveryId id) {
    const auto retried = desk_->retry_delivery(*connection_, Scope::all(), id, clock_.now());
    if (retried) return rows_.retried_by_operator(id, clock_.now());
    if (retried.error().code != ErrorCode::conflict) must(retried);
    must(desk_->discard_delivery(*connection_, Scope::all(), id, clock_.now()));
    rows_.discarded_by_operator(id);
}

// ---- the program's life

void World::start() {
    if (runs_) return;
    weather_.live_again();
    runs_ = true;
    stopping_ = false;
    rough_life_ = plan_.failing_permille > 0 || plan_.outbox_outages > 0;
    outbox_ = itsm::make_outbox(*rough_);
    for (auto& [name, line] : lines_) {
        const DeliveryLimits& limits = line.tool->plan().limits;
        if (line.pace) {
            broken_.insert(broken_.end(), line.pace->broken().begin(), line.pace->broken().end());
            openings_ += line.pace->openings();
        }
        line.pace = std::make_unique<PaceChecker>(name, limits);
        line.engine = std::make_unique<Engine>(
            name, limits, EngineContext{clock_, engine_random_, metrics_, log_});
        line.busy = false;
        line.stopped = false;
    }
    for (auto& [name, line] : lines_) pump(line);
}

void World::end_program(bool crashed) {
    ++life_;
    runs_ = false;
    for (auto& [name, line] : lines_) line.engine.reset();
    outbox_.reset();
    rows_.program_ended();
    if (crashed) ++crashes_;
}

void World::crash(Millis down) {
    end_program(true);
    at(now_ + down, [this] { start(); });
}

void World::stop_cleanly() {
    if (!runs_ || stopping_) return;
    stopping_ = true;
    in_this_life(k_longest_stop, [this] { broken_.push_back("does not stop"); });
    for (auto& [name, line] : lines_) {
        if (!runs_) return;
        line.engine->stop();
        line.pace->stops();
        pump(line);
    }
}

void World::when_stopped() {
    const bool all = std::all_of(lines_.begin(), lines_.end(),
                                 [](const auto& entry) { return entry.second.stopped; });
    if (!all) return;
    for (const auto& [name, line] : lines_) {
        if (!rough_life_ && plan_.is_calm()) rows_.check_nothing_leased(*connection_, name);
        if (line.engine->held() > 0) broken_.push_back(name + ": stopped with rows in hand");
    }
    end_program(false);
    at(now_ + any(Millis{20'000}), [this] { start(); });
}

// ---- time

void World::at(Millis when, std::function<void()> action) {
    events_.push({std::max(when, now_), order_++, std::move(action)});
}

void World::in_this_life(Millis delay, std::function<void()> action) {
    at(now_ + delay, [this, life = life_, action = std::move(action)] {
        if (life == life_) action();
    });
}

bool World::run_until(Millis end, const std::function<bool()>& done) {
    while (!events_.empty() && events_.top().at <= end) {
        Event event = events_.top();
        events_.pop();
        clock_.advance(event.at - now_);
        now_ = event.at;
        event.action();
        if (done()) return true;
    }
    clock_.advance(end - now_);
    now_ = end;
    return false;
}

// All of today's faults end; what is down comes up by itself.
void World::mend() {
    for (auto& [name, line] : lines_) line.tool->mend();
    weather_.fail_permille(0);
    weather_.fail_all(false);
    weather_.die_within(-1);
}

// How long a healthy system may take for what is left.
Millis World::patience() const {
    Millis longest{};
    for (const ToolPlan& tool : plan_.tools) {
        const DeliveryLimits& l = tool.limits;
        const Millis wait = std::max({l.backoff.cap, l.retry_after_cap + l.backoff.base,
                                      l.attempt_timeout + Millis{30'000}, l.circuit.cap});
        const auto rows = Millis{next_delivery_};
        longest = std::max(longest, 2 * wait + 60'000 * rows.count() * Millis{1} / l.per_minute +
                                        (400 * rows + 2 * next_delivery_ * plan_.outbox_latency));
    }
    return longest + stepped_ + Millis{180'000};
}

bool World::at_rest() {
    Query waiting(*connection_,
                  "SELECT COUNT(*) FROM outbox o WHERE o.state IN (0, 1) AND NOT EXISTS (SELECT 1 "
                  "FROM outbox b WHERE b.connector = o.connector AND b.incident_id = o.incident_id "
                  "AND b.id < o.id AND b.state = 3 AND b.operation = 0)");
    return waiting.next() && waiting.integer() == 0;
}

void World::drain(const char* what) {
    const Millis end = now_ + patience();
    // A look every few simulated seconds: counting rows costs more than an event.
    Millis next_look = now_;
    const bool rests = run_until(end, [&] {
        if (now_ < next_look) return false;
        next_look = now_ + Millis{5'000};
        return at_rest();
    });
    if (!rests && !at_rest()) broken_.push_back(std::string("rows still wait long ") + what);
    // The engine may not know yet that the last verdict is written.
    run_until(now_ + Millis{35'000}, [] { return false; });
}

}  // namespace gantry::simulation
