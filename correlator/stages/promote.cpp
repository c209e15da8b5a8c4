#include "correlator/stages/promote.hpp"

#include <algorithm>

#include "correlator/stages/incident_text.hpp"

namespace gantry::correlator {
namespace {

using Kind = IncidentAction::Kind;

Level urgency_of(Severity severity) {
    switch (severity) {
        case Severity::critical: return Level::high;
        case Severity::warning: return Level::medium;
        case Severity::info: return Level::low;
    }
    return Level::medium;
}

PromoteReason answer(Context& context, Outcome outcome, PromoteReason reason) {
    context.decision.outcome = outcome;
    return reason;
}

int rule_for(const Context& context, Severity severity, const LabelSet& labels) {
    const auto host = host_of(context);
    Subject subject;
    subject.severity = severity;
    subject.source = context.event.source;
    subject.host = host;
    subject.key = context.event.key;
    subject.labels = &labels;
    return context.rules.first_match(subject);
}

// Null when no rule matches. Notes which one it was.
const PromoteRule* judge(Context& context) {
    auto& alert = context.alert();
    // A recovery may come without labels: the alert's own are those it fired with.
    const auto index = alert.firing() ? rule_for(context, alert.severity, context.event.labels)
                                      : rule_for(context, alert.severity, alert.text.labels());
    alert.judged = true;
    context.decision.rule_index = index;
    return index < 0 ? nullptr : &context.rules.promote(index);
}

struct Priority {
    Level impact = Level::medium;
    Level urgency = Level::medium;
    friend bool operator==(const Priority&, const Priority&) = default;
};

Priority priority_of_entry(const IncidentEntry& entry) { return {entry.impact, entry.urgency}; }

Priority priority_under(const PromoteRule* rule, Severity severity, Level otherwise) {
    return {rule ? rule->impact : otherwise, urgency_of(severity)};
}

IncidentAction& order(Context& context, Kind kind, IncidentId incident, const IncidentEntry& entry,
                      std::string body) {
    const auto& alert = context.alert();
    auto& action = context.changes.actions.emplace_back();
    action.kind = kind;
    action.incident = incident;
    action.organisation = alert.organisation;
    action.asset = entry.asset;
    action.alert = alert.id;
    action.episode = alert.episode;
    action.body = std::move(body);
    action.impact = entry.impact;
    action.urgency = entry.urgency;
    action.at = context.now;
    action.firing_count = context.state.incidents.firing(incident);
    action.journal_seq = context.seq;
    return action;
}

void set_priority(Context& context, IncidentId id, IncidentEntry& entry, Priority priority,
                  std::string body) {
    entry.impact = priority.impact;
    entry.urgency = priority.urgency;
    order(context, Kind::set_priority, id, entry, std::move(body));
}

void bind(Context& context, IncidentId id) {
    context.state.bind(context.slot, id);
    context.decision.incident = id;
    context.state.changed(context.slot, context.seq);
}

PromoteReason open(Context& context, const PromoteRule& rule) {
    const auto earlier = context.alert().incident;
    const IncidentId id{context.sequences.next_incident++};
    IncidentEntry fresh;
    fresh.organisation = context.alert().organisation;
    fresh.asset = context.alert().asset;
    fresh.impact = rule.impact;
    fresh.urgency = urgency_of(context.alert().severity);
    bind(context, id);
    auto& entry = context.state.incidents.open(id, std::move(fresh));
    auto& action = order(context, Kind::open, id, entry, opened_text(context, rule, earlier));
    action.title = incident_title(context);
    action.category = rule.category;
    action.assignment_group = rule.assignment_group;
    action.detected_at = context.alert().started_at;
    return answer(context, Outcome::incident_opened, PromoteReason::rule_opens);
}

// Does the incident's priority differ from what the rules gave it before this event? Then a person
// set it. Asked of the present state alone, so that a restart changes no answer.
bool set_by_person(const Context& context, const IncidentEntry& entry) {
    if (!context.before) return false;
    const auto index = rule_for(context, context.before->severity, context.before->labels);
    const auto* rule = index < 0 ? nullptr : &context.rules.promote(index);
    return priority_under(rule, context.before->severity, entry.impact) != priority_of_entry(entry);
}

struct Wanted {
    Priority priority;
    bool kept = false;  // a person's priority stands where the rules would lower it
};

// The rules' priority for the alert as it is now; the better of both in each dimension when a
// person had a hand in it: what a person set is never lowered.
Wanted wanted_priority(const Context& context, const IncidentEntry& entry,
                       const PromoteRule* rule) {
    const auto by_rule = priority_under(rule, context.alert().severity, entry.impact);
    if (!entry.taken_over && !set_by_person(context, entry)) return {by_rule, false};
    const Priority best{std::min(entry.impact, by_rule.impact),
                        std::min(entry.urgency, by_rule.urgency)};
    return {best, best != by_rule};
}

std::string priority_text(const Context& context) {
    const bool moved = context.before && context.before->severity != context.alert().severity;
    return moved ? severity_text(context, false)
                 : "The rule that matches now gives another priority.";
}

PromoteReason reopen(Context& context, const PromoteRule& rule, IncidentEntry& entry) {
    const auto id = context.alert().incident;
    auto body = reopened_text(context, entry);
    const auto wanted = wanted_priority(context, entry, &rule);
    context.state.incidents.reopen(entry);
    bind(context, id);
    order(context, Kind::reopen, id, entry, std::move(body));
    if (wanted.priority != priority_of_entry(entry)) {
        set_priority(context, id, entry, wanted.priority, priority_text(context));
    }
    return answer(context, Outcome::incident_reopened, PromoteReason::within_reopen_window);
}

// The episode has no open incident: should it have one?
PromoteReason promote_firing(Context& context) {
    auto& alert = context.alert();
    const auto* rule = judge(context);
    if (!rule || !rule->open) {
        if (context.began) context.state.bind(context.slot, IncidentId{});
        return answer(context, Outcome::recorded, PromoteReason::rule_records_only);
    }
    auto* entry = context.state.incidents.find(alert.incident, context.now);
    return entry ? reopen(context, *rule, *entry) : open(context, *rule);
}

PromoteReason join(Context& context, IncidentEntry& entry) {
    const auto id = context.alert().incident;
    const auto wanted = wanted_priority(context, entry, judge(context));
    bind(context, id);
    order(context, Kind::bind_alert, id, entry, joined_text(context));
    if (wanted.priority == priority_of_entry(entry)) {
        return answer(context, Outcome::incident_updated, PromoteReason::joined_open_incident);
    }
    set_priority(context, id, entry, wanted.priority, priority_text(context));
    return answer(context, Outcome::priority_changed, PromoteReason::joined_open_incident);
}

PromoteReason reprioritise(Context& context, IncidentEntry& entry) {
    const auto id = context.alert().incident;
    const bool rises = context.alert().severity > context.before->severity;
    const auto reason = rises ? PromoteReason::severity_raised : PromoteReason::severity_lowered;
    const auto wanted = wanted_priority(context, entry, judge(context));
    if (wanted.priority != priority_of_entry(entry)) {
        set_priority(context, id, entry, wanted.priority, severity_text(context, false));
        return answer(context, Outcome::priority_changed, reason);
    }
    const bool kept = wanted.kept && !rises;
    order(context, Kind::note, id, entry, severity_text(context, kept));
    return answer(context, Outcome::incident_updated,
                  kept ? PromoteReason::taken_over_by_person : reason);
}

PromoteReason still_fires(Context& context) {
    auto& alert = context.alert();
    context.decision.incident = alert.incident;
    auto* entry = context.state.incidents.find_open(alert.incident);
    if (context.before) {
        if (entry) return reprioritise(context, *entry);
        const bool rises = alert.severity > context.before->severity;
        if (rises || !alert.incident.is_set()) return promote_firing(context);
        return answer(context, Outcome::recorded, PromoteReason::closed_by_person);
    }
    // Rules or labels may have changed since the episode began without an incident.
    if (!alert.incident.is_set()) return promote_firing(context);
    return answer(context, Outcome::refreshed,
                  entry ? PromoteReason::unchanged : PromoteReason::closed_by_person);
}

PromoteReason begins(Context& context) {
    if (auto* entry = context.state.incidents.find_open(context.alert().incident)) {
        return join(context, *entry);
    }
    return promote_firing(context);
}

PromoteReason ends(Context& context) {
    const auto& alert = context.alert();
    const auto id = alert.incident;
    context.decision.incident = id;
    if (!id.is_set()) return answer(context, Outcome::recorded, PromoteReason::no_incident);
    auto* entry = context.state.incidents.find(id, context.now);
    if (!entry) return answer(context, Outcome::recorded, PromoteReason::closed_by_person);
    const auto firing = context.state.incidents.firing(id);
    const auto note = [&](After after) {
        order(context, Kind::note, id, *entry, recovered_text(context, after, firing));
    };
    if (!entry->open) {
        note(After::ended_by_person);
        return answer(context, Outcome::resolve_noted, PromoteReason::closed_by_person);
    }
    if (firing > 0) {
        note(After::others_firing);
        return answer(context, Outcome::resolve_noted, PromoteReason::others_still_firing);
    }
    const auto* rule = judge(context);
    if (entry->taken_over && !(rule && rule->resolve_taken_over)) {
        note(After::taken_over);
        return answer(context, Outcome::resolve_noted, PromoteReason::taken_over_by_person);
    }
    context.state.incidents.resolve(*entry, context.now);
    order(context, Kind::resolve, id, *entry, recovered_text(context, After::resolved, 0));
    return answer(context, Outcome::incident_resolved, PromoteReason::all_recovered);
}

}  // namespace

Verdict Promote::run(Context& context) const {
    PromoteReason reason = PromoteReason::none;
    if (!context.alert().firing()) {
        reason = ends(context);
    } else {
        reason = context.began ? begins(context) : still_fires(context);
    }
    return {Verdict::Flow::continue_, reason};
}

}  // namespace gantry::correlator
