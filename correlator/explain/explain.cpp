#include "correlator/explain/explain.hpp"

#include "correlator/rules/compiled_rules.hpp"

namespace gantry::correlator {
namespace {

// Everything that a sentence may need.
struct Told {
    const Decision& decision;
    const std::optional<Event>& event;
    const RuleSet& rules;
    const Names& names;
    const Explanation& explanation;
};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string asset_text(const Told& told) {
    if (!told.decision.asset.is_set()) return "no asset";
    auto out = "asset " + std::to_string(told.decision.asset.value);
    return told.names.asset.empty() ? out : out + " (" + told.names.asset + ")";
}

std::string incident_text(const Told& told) {
    return told.decision.incident.is_set() ? incident_number(told.decision.incident)
                                           : std::string("its incident");
}

std::string episode_text(const Told& told) {
    return "episode #" + std::to_string(told.decision.episode.value);
}

std::string priority_text(const Told& told) {
    if (told.names.incident_priority <= 0) return {};
    return ", now priority " + std::to_string(told.names.incident_priority);
}

std::string rule_text(const Told& told) {
    if (!told.explanation.rule.empty()) return "Rule " + quoted(told.explanation.rule);
    if (told.decision.rule_index >= 0) {
        return "Rule " + std::to_string(told.decision.rule_index + 1) +
               " of the rule set of that time";
    }
    return "The rule set of that time";
}

std::string event_sentence(const Told& told) {
    const auto& decision = told.decision;
    auto out =
        decision.dedup == DedupReason::expired ? std::string("Expiry ") : std::string("Event ");
    out += std::to_string(decision.event_index + 1) + " of record " +
           std::to_string(decision.journal_seq.value);
    if (told.event && !told.event->full_state) {
        out += " (" + told.event->source + ", key " + told.event->key + ")";
    }
    if (decision.dedup == DedupReason::expired) {
        return out + " ended the alert, because it was not reported again in time.";
    }
    if (decision.dedup == DedupReason::not_in_full_state) {
        return out + " ended the alert: the agent told all that is wrong, and this was not in it.";
    }
    if (decision.action == EventAction::resolved) return out + " reported a recovery.";
    return out + " fired with severity " + to_string(decision.severity) + ".";
}

std::string dedup_sentence(const Told& told) {
    switch (told.decision.dedup) {
        case DedupReason::first_seen:
            return "It is the first firing of this alert, so " + episode_text(told) + " began.";
        case DedupReason::new_episode:
            return "The alert was resolved before, so " + episode_text(told) + " began.";
        case DedupReason::same_episode:
            return "The alert fired already (" + episode_text(told) + ") with the same severity.";
        case DedupReason::severity_raised:
            return "The alert fired already (" + episode_text(told) + ") and became more severe.";
        case DedupReason::severity_lowered:
            return "The alert fired already (" + episode_text(told) + ") and became less severe.";
        case DedupReason::recovered: return "This ended " + episode_text(told) + ".";
        case DedupReason::already_resolved:
            return "The episode that it means had been resolved before, so there was nothing to "
                   "end.";
        case DedupReason::never_fired:
            return "No alert with this key ever fired, or it was forgotten after its retention, so "
                   "there was nothing to end.";
        case DedupReason::not_in_full_state:
        case DedupReason::expired: return "This ended " + episode_text(told) + ".";
        case DedupReason::no_room:
            return "The bound of live alerts was reached and none of them was resolved, so no "
                   "alert could be kept.";
    }
    return {};
}

std::string identify_sentence(const Told& told) {
    const auto asset = asset_text(told);
    switch (told.decision.identify) {
        case IdentifyReason::none: return {};
        case IdentifyReason::agent_credential:
            return "It belongs to " + asset + ", proven by the agent's credential.";
        case IdentifyReason::asset_id:
            return "It was bound to " + asset + " by its label asset_id.";
        case IdentifyReason::host_name: return "It was bound to " + asset + " by its host name.";
        case IdentifyReason::created_from_host:
            return "No asset had its host name, so " + asset + " was created from it.";
        case IdentifyReason::created_from_source:
            return "It named no host, so " + asset + " was created to stand for its service.";
        case IdentifyReason::kept: return "It stays with " + asset + " during the episode.";
        case IdentifyReason::service_name:
            return "It named no host and was bound to " + asset + ", which stands for its service.";
    }
    return {};
}

std::string opened_sentence(const Told& told) {
    return rule_text(told) + " opens an incident: " + incident_text(told) + priority_text(told) +
           ".";
}

std::string records_only_sentence(const Told& told) {
    if (told.decision.rule_index < 0) {
        return "There is no ticket: no rule matches, and then an alert is only recorded.";
    }
    return "There is no ticket: " + rule_text(told) + " says that such alerts are only recorded.";
}

std::string changed_priority(const Told& told, const char* direction) {
    const auto& decision = told.decision;
    if (decision.outcome == Outcome::priority_changed) {
        return "The priority of " + incident_text(told) + " followed " + direction +
               priority_text(told) + ".";
    }
    return incident_text(told) + " got a note; its priority stays" + priority_text(told) + ".";
}

std::string taken_over_sentence(const Told& told) {
    if (told.decision.action == EventAction::resolved) {
        return incident_text(told) +
               " stays open with a note, because a person took it over and the rule does not "
               "resolve such incidents.";
    }
    return incident_text(told) + " got a note; its priority stays as a person set it.";
}

std::string closed_by_person_sentence(const Told& told) {
    if (told.decision.action == EventAction::resolved) {
        return incident_text(told) + " had been ended by a person before, so it stays as it is.";
    }
    return "There is no open ticket: " + incident_text(told) +
           " was ended by a person while the alert fired. It stays ended until the alert becomes "
           "more severe or fires anew.";
}

std::string promote_sentence(const Told& told) {
    switch (told.decision.promote) {
        case PromoteReason::none: return {};
        case PromoteReason::rule_opens: return opened_sentence(told);
        case PromoteReason::rule_records_only: return records_only_sentence(told);
        case PromoteReason::joined_open_incident:
            return incident_text(told) + " of the earlier episode is still open and was joined" +
                   priority_text(told) + ".";
        case PromoteReason::within_reopen_window:
            return incident_text(told) + " had ended inside the reopen window, so it was reopened" +
                   priority_text(told) + ".";
        case PromoteReason::severity_raised: return changed_priority(told, "the higher severity");
        case PromoteReason::severity_lowered: return changed_priority(told, "the lower severity");
        case PromoteReason::all_recovered:
            return incident_text(told) + " was resolved by itself: nothing of it fires any more.";
        case PromoteReason::others_still_firing:
            return incident_text(told) + " stays open with a note: other alerts of it still fire.";
        case PromoteReason::taken_over_by_person: return taken_over_sentence(told);
        case PromoteReason::closed_by_person: return closed_by_person_sentence(told);
        case PromoteReason::no_incident:
            return "There is no ticket to resolve: this episode never had one.";
        case PromoteReason::unchanged:
            return incident_text(told) + " is open for it and needed no change.";
    }
    return {};
}

// What it came to, where the promote reason alone does not say it.
std::string outcome_sentence(const Told& told) {
    switch (told.decision.outcome) {
        case Outcome::ignored:
            return "The event was recorded and counted, and nothing else: it is no ticket.";
        case Outcome::refreshed: return "Its last sign of life was noted.";
        case Outcome::recorded: return "The alert was recorded.";
        case Outcome::incident_opened:
        case Outcome::incident_updated:
        case Outcome::priority_changed:
        case Outcome::incident_resolved:
        case Outcome::incident_reopened:
        case Outcome::resolve_noted: return {};
    }
    return {};
}

std::vector<RuleTried> tried(const Decision& decision, const Event& event, const RuleSet& rules,
                             const Names& names) {
    std::vector<RuleTried> out;
    const auto compiled = CompiledRules::compile(rules);
    if (!compiled) return out;
    std::string_view host = event.host;
    if (const auto label = event.labels.find("host"); host.empty() && label) host = *label;
    if (host.empty() && event.asset.is_set()) host = names.asset;  // an agent's is its asset's
    const Subject subject{decision.severity, event.source, host, event.key, &event.labels};
    const auto last = decision.rule_index < 0 ? static_cast<std::int64_t>(rules.promote.size()) - 1
                                              : decision.rule_index;
    for (std::int64_t index = 0; index <= last; ++index) {
        const auto at = static_cast<std::size_t>(index);
        const auto& rule = rules.promote[at];
        RuleTried attempt{rule.name, index == decision.rule_index, {}, {}};
        const auto failing = attempt.matched ? -1 : compiled->first_failing(at, subject);
        if (failing >= 0) {
            const auto& matcher = rule.match[static_cast<std::size_t>(failing)];
            attempt.failed_matcher = to_string(matcher);
            attempt.value = field_of(subject, matcher.field);
        }
        out.push_back(std::move(attempt));
    }
    return out;
}

// Of a recovery the alert was judged, with the severity and the labels it fired with; they are not
// at hand here, and the recovery's own would name reasons that did not count.
bool event_was_judged(const Decision& decision) {
    if (decision.action == EventAction::resolved) return false;
    return decision.rule_index >= 0 || decision.promote == PromoteReason::rule_records_only;
}

void add(std::vector<std::string>& sentences, std::string sentence) {
    if (!sentence.empty()) sentences.push_back(std::move(sentence));
}

}  // namespace

std::string Explanation::text() const {
    std::string out;
    for (const auto& sentence : sentences) {
        if (!out.empty()) out += ' ';
        out += sentence;
    }
    return out;
}

Explanation explain(const Decision& decision, const std::optional<Event>& event,
                    const RuleSet& rules, const Names& names) {
    Explanation out;
    out.rules_changed = decision.rules_version != rules.version;
    const auto index = decision.rule_index;
    if (!out.rules_changed && index >= 0 &&
        index < static_cast<std::int64_t>(rules.promote.size())) {
        out.rule = rules.promote[static_cast<std::size_t>(index)].name;
    }
    const bool in_range = index < static_cast<std::int64_t>(rules.promote.size());
    if (event && !out.rules_changed && in_range && event_was_judged(decision)) {
        out.rules_tried = tried(decision, *event, rules, names);
    }
    const Told told{decision, event, rules, names, out};
    std::vector<std::string> sentences;
    add(sentences, event_sentence(told));
    add(sentences, dedup_sentence(told));
    add(sentences, identify_sentence(told));
    add(sentences, promote_sentence(told));
    add(sentences, outcome_sentence(told));
    for (const auto& attempt : out.rules_tried) {
        if (attempt.matched || attempt.failed_matcher.empty()) continue;
        add(sentences, "Rule " + quoted(attempt.rule) + " did not match: it wants " +
                           attempt.failed_matcher + ", the event has " + quoted(attempt.value) +
                           ".");
    }
    if (out.rules_changed) add(sentences, "The rules have changed since this decision.");
    out.sentences = std::move(sentences);
    return out;
}

}  // namespace gantry::correlator
