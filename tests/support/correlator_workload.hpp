// A seeded workload for the correlator: records of events, expiries and people's commands, as a
// journal that can be folded again and again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/base/random.hpp"
#include "tests/support/changes_text.hpp"
#include "tests/support/naive_store.hpp"

namespace gantry::test {

struct PersonAct {
    IncidentId incident;
    IncidentState state = IncidentState::in_progress;
    bool taken_over = true;
    Level impact = Level::medium;
    Level urgency = Level::medium;
};

struct JournalItem {
    Instant now{};
    std::variant<std::vector<Event>, std::vector<AlertId>, PersonAct> body;
};

// Everything that folding one journal needs, with the records it leaves.
struct Run {
    explicit Run(const correlator::RuleSet& with, correlator::Options bounds = {})
        : rules(with), options(bounds), correlator(correlator::make_correlator(rules, options)) {}

    Changes play(const JournalItem& item) {
        Changes changes;
        const correlator::FoldInput input{JournalSeq{++seq}, item.now};
        if (const auto* events = std::get_if<std::vector<Event>>(&item.body)) {
            correlator->fold(input, *events, sequences, changes);
        } else if (const auto* expired = std::get_if<std::vector<AlertId>>(&item.body)) {
            correlator->expire(input, *expired, sequences, changes);
        } else {
            act(std::get<PersonAct>(item.body), item.now);
        }
        store.apply(changes);
        return changes;
    }

    // A crash: memory is gone, the records and ids are not.
    void restart() {
        correlator = correlator::make_correlator(rules, options);
        store.restore(*correlator);
    }

    void act(const PersonAct& person, Instant now) {
        auto& incident = store.incidents.at(person.incident);
        incident.state = person.state;
        incident.taken_over = incident.taken_over || person.taken_over;
        incident.impact = person.impact;
        incident.urgency = person.urgency;
        if (person.state == IncidentState::resolved) {
            incident.resolved_at = now;
            incident.close_code = CloseCode::solved;
        }
        CommandOutcome outcome;
        outcome.incident = incident;
        correlator->observe(outcome);
    }

    correlator::RuleSet rules;
    correlator::Options options;
    std::unique_ptr<correlator::Correlator> correlator;
    NaiveStore store;
    Sequences sequences;
    std::int64_t seq = 0;
};

struct Workload {
    std::uint64_t keys = 6;
    std::uint64_t organisations = 2;
    bool people = true;
    bool expiries = true;
};

class Generator {
public:
    Generator(std::uint64_t seed, Workload workload) : random_(seed), workload_(workload) {}

    // The next item, given what the records say now.
    JournalItem next(Run& run) {
        now_ += Millis{static_cast<std::int64_t>(random_.below(120'000))};
        if (random_.below(25) == 0) now_ += Millis{31 * 60'000};
        if (random_.below(200) == 0) now_ += Millis{8 * 86'400'000LL};
        if (workload_.people && random_.below(5) == 0 && !run.store.incidents.empty()) {
            if (auto act = person(run.store)) return {now_, *act};
        }
        if (workload_.expiries && random_.below(6) == 0) {
            auto due = run.correlator->due_to_expire(now_, 10);
            if (!due.empty()) return {now_, std::move(due)};
        }
        std::vector<Event> events;
        for (auto left = 1 + random_.below(4); left > 0; --left) events.push_back(event());
        return {now_, std::move(events)};
    }

    Event event() {
        Event event;
        event.organisation =
            OrganisationId{1 + static_cast<std::int64_t>(random_.below(workload_.organisations))};
        event.source = random_.below(4) == 0 ? "agent" : "generic";
        event.key = "k" + std::to_string(random_.below(workload_.keys));
        event.action = random_.below(3) == 0 ? EventAction::resolved : EventAction::firing;
        event.severity = static_cast<Severity>(random_.below(3));
        event.summary = "state " + std::to_string(random_.below(2));
        event.host = random_.below(5) == 0 ? "" : "host" + std::to_string(random_.below(4));
        if (random_.below(2) == 0) event.host += ".example.com";
        if (random_.below(3) == 0) event.labels = {{"service", "shop"}};
        if (workload_.expiries) event.expires_after = Millis{300'000};
        event.observed_at = now_ - Millis{static_cast<std::int64_t>(random_.below(5000))};
        return event;
    }
    [[nodiscard]] Instant now() const { return now_; }
    SeededRandom& random() { return random_; }

private:
    std::optional<PersonAct> person(const NaiveStore& store) {
        auto at = store.incidents.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random_.below(store.incidents.size())));
        const auto& incident = at->second;
        PersonAct act{incident.id, incident.state, true, incident.impact, incident.urgency};
        if (!NaiveStore::open(incident)) {
            if (incident.state != IncidentState::resolved) return std::nullopt;
            act.state = random_.below(2) == 0 ? IncidentState::closed : IncidentState::in_progress;
            return act;
        }
        switch (random_.below(6)) {
            case 0: act.state = IncidentState::in_progress; break;
            case 1: act.state = IncidentState::on_hold; break;
            case 2: act.state = IncidentState::resolved; break;
            case 3: act.state = IncidentState::canceled; break;
            default:
                act.taken_over = false;
                act.impact = static_cast<Level>(1 + random_.below(3));
                act.urgency = static_cast<Level>(1 + random_.below(3));
        }
        return act;
    }

    SeededRandom random_;
    Workload workload_;
    Instant now_ = from_ms(1'764'000'000'000);
};

}  // namespace gantry::test
