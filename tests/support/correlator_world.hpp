// CorrelatorWorld: a correlator, its ids, a journal position and a clock, and events in few words.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "correlator/pipeline/correlator.hpp"

namespace gantry::test {

inline Event firing(std::string key, Severity severity = Severity::critical,
                    std::string host = "web01") {
    Event event;
    event.organisation = OrganisationId{1};
    event.source = "generic";
    event.key = std::move(key);
    event.severity = severity;
    event.summary = event.key + " is unwell";
    event.host = std::move(host);
    return event;
}

inline Event recovered(std::string key, std::string host = "web01") {
    auto event = firing(std::move(key), Severity::info, std::move(host));
    event.action = EventAction::resolved;
    event.summary = event.key + " is well";
    return event;
}

class CorrelatorWorld {
public:
    explicit CorrelatorWorld(correlator::RuleSet rules = correlator::default_rules(),
                             correlator::Options options = {})
        : correlator(correlator::make_correlator(std::move(rules), options)) {}

    // One record with these events; its changes alone.
    Changes fold(std::vector<Event> events) {
        Changes changes;
        for (auto& event : events) {
            if (event.observed_at == Instant{}) event.observed_at = now;
        }
        correlator->fold({JournalSeq{++seq}, now}, events, sequences, changes);
        return changes;
    }
    Changes expire(const std::vector<AlertId>& alerts) {
        Changes changes;
        correlator->expire({JournalSeq{++seq}, now}, alerts, sequences, changes);
        return changes;
    }
    // One event; its decision alone.
    Decision step(Event event) { return fold({std::move(event)}).decisions.at(0); }

    // What a person's command left behind.
    void person(const IncidentAction& opened, IncidentState state, bool taken_over,
                CloseCode code = CloseCode::none) {
        Incident incident;
        incident.id = opened.incident;
        incident.organisation = opened.organisation;
        incident.asset = opened.asset;
        incident.impact = opened.impact;
        incident.urgency = opened.urgency;
        incident.state = state;
        incident.taken_over = taken_over;
        incident.close_code = code;
        incident.resolved_at = now;
        CommandOutcome outcome;
        outcome.incident = incident;
        correlator->observe(outcome);
    }
    void prioritise(const IncidentAction& opened, Level impact, Level urgency) {
        auto changed = opened;
        changed.impact = impact;
        changed.urgency = urgency;
        person(changed, IncidentState::new_, false);
    }
    void wait(Millis time) { now += time; }

    std::unique_ptr<correlator::Correlator> correlator;
    Sequences sequences;
    std::int64_t seq = 0;
    Instant now = from_ms(1'764'000'000'000);
};

}  // namespace gantry::test
