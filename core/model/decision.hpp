// Decision: one recorded verdict of the correlator about one event: which rule, which inputs, what
// was done and why. It is small on purpose (one per event on the hot path): the inputs are in the
// journal under (journal_seq, event_index), and explain joins both.
#pragma once

#include <string>

#include "core/base/strong_id.hpp"
#include "core/model/event.hpp"
#include "core/time/clock.hpp"

namespace gantry {

// What the pipeline did with the event, in the end.
enum class Outcome : std::uint8_t {
    refreshed,  // same episode, nothing new
    recorded,   // alert kept, no incident by rule
    incident_opened,
    incident_updated,  // bound or noted, same priority
    priority_changed,
    incident_resolved,
    incident_reopened,
    resolve_noted,  // recovered, but the incident stays open (others fire, or taken over)
    ignored         // resolve of an unknown or resolved alert, or no room for a new one
};

// Why, one per stage. Reasons are for decisions and tests; sentences are made in
// correlator/explain.
enum class DedupReason : std::uint8_t {
    first_seen,
    new_episode,
    same_episode,
    severity_raised,
    severity_lowered,
    recovered,
    already_resolved,
    never_fired,
    expired,
    no_room,  // the bound of live alerts is reached and none of them is resolved
    not_in_full_state
};
enum class IdentifyReason : std::uint8_t {
    none,
    agent_credential,
    asset_id,
    host_name,
    created_from_host,
    created_from_source,
    kept,
    service_name  // no host: the asset that stands for the source or the label `service`
};
enum class PromoteReason : std::uint8_t {
    none,
    rule_opens,
    rule_records_only,
    joined_open_incident,
    within_reopen_window,
    severity_raised,
    severity_lowered,
    all_recovered,
    others_still_firing,
    taken_over_by_person,
    closed_by_person,
    no_incident,
    unchanged
};

[[nodiscard]] const char* to_string(Outcome outcome);
[[nodiscard]] const char* to_string(DedupReason reason);
[[nodiscard]] const char* to_string(IdentifyReason reason);
[[nodiscard]] const char* to_string(PromoteReason reason);

struct Decision {
    DecisionId id;
    OrganisationId organisation;
    JournalSeq journal_seq;
    std::int64_t event_index = 0;  // 0-based position inside the record
    Instant at{};                  // the record's received_at
    AlertId alert;
    EpisodeId episode;
    IncidentId incident;
    AssetId asset;
    Outcome outcome = Outcome::ignored;
    DedupReason dedup = DedupReason::first_seen;
    IdentifyReason identify = IdentifyReason::none;
    PromoteReason promote = PromoteReason::none;
    EventAction action = EventAction::firing;
    Severity severity = Severity::warning;
    std::int64_t rules_version = 0;  // hash of the rule set, see correlator/rules
    std::int64_t rule_index = -1;    // the promote rule that matched; -1 = none did
};

}  // namespace gantry
