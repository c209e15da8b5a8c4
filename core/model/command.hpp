// Command: a change that a person (API, CLI) or the enrolment desk asks for. Commands travel
// through the journal like events, so the records are a fold over one ordered log; the ticket store
// executes them (ports/ticket_store.hpp). The codec is in core/model/json.hpp.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/model/asset.hpp"
#include "core/model/incident.hpp"

namespace gantry {

struct CreateIncident {
    std::string title;
    std::string description;
    AssetId asset;  // unset: the service asset that stands for the organisation, made when missing
    Level impact = Level::medium;
    Level urgency = Level::medium;
    std::string category;
    std::string assignment_group;
};
struct AddNote {
    IncidentId incident;
    std::string body;
    Visibility visibility = Visibility::work_note;
};
struct AssignIncident {
    IncidentId incident;
    std::string assignee;  // empty = unassign
    std::string assignment_group;
};
struct ChangeIncidentState {
    IncidentId incident;
    IncidentState to = IncidentState::in_progress;
    HoldReason hold_reason = HoldReason::none;  // required for on_hold
    CloseCode close_code = CloseCode::none;     // for resolved, closed, canceled
    std::string notes;
};
struct ChangePriority {
    IncidentId incident;
    Level impact = Level::medium;
    Level urgency = Level::medium;
    std::string reason;  // required
};
// Made by the enrolment desk after the token was checked; all randomness is already inside.
struct EnrolAgent {
    std::string agent_id;         // UUID, the wire's agent_id
    std::string credential_hash;  // hex SHA-256 of the 256-bit credential
    std::int64_t token_id = 0;    // whose use is counted in the same transaction
    SiteId site;
    std::string role;
    Facts facts;
    // With token_id it names one enrolment: repeated, it renews that agent's credential instead of
    // making another agent. Empty = never repeated.
    std::string nonce{};
    std::string boot_id{};
    std::int64_t uptime_s = 0;  // since that boot; 0 = it did not say
};
struct ReportFacts {
    std::string agent_id;
    Facts facts;
    std::string boot_id{};  // of the report
};

using CommandBody = std::variant<CreateIncident, AddNote, AssignIncident, ChangeIncidentState,
                                 ChangePriority, EnrolAgent, ReportFacts>;

struct Command {
    OrganisationId organisation;
    std::string actor;
    std::optional<std::int64_t> expected_version;  // If-Match; conflict when it differs
    CommandBody body;
};

// What a command did, told to the caller and to the correlator's state.
struct CommandOutcome {
    std::optional<Incident> incident;  // as it is now
    std::optional<AssetId> asset;      // bound or created by enrolment and facts
    std::string agent_id;              // with `asset`: this agent now proves that asset
    std::string agent_name;            // host name for messages
    bool asset_created = false;
    bool approved = true;  // of `agent_id`, which enrolled: no person has to approve it any more
    // Of `agent_id`, whose report gave another machine's facts: from now on this boot is refused.
    std::string refused_boot_id;
    // The row of `asset`, or of an asset made on the way, as it is now. The correlator learns its
    // organisation and its host names from it, so that other monitors' events about this host find
    // the same asset.
    std::optional<Asset> asset_now;
};

}  // namespace gantry
