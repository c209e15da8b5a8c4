// From what agents say to Events. Pure: the same record and identity give the same events, so that
// a replay of the journal sees what the first run saw.
//
// Keys are made of the asset, not of the agent: "asset/12/filesystem//var". An agent that was
// installed anew goes on with the alerts of the one before.
#pragma once

#include <string>
#include <vector>

#include "core/model/event.hpp"
#include "core/model/report.hpp"

namespace gantry::collector {

// Who an agent is, as known when its record is folded.
struct AgentIdentity {
    std::string agent_id;
    OrganisationId organisation;
    AssetId asset;
    std::string name;  // host name for titles and labels
};

// Events of all state and full_state records, in order. `received_at` bounds what the agent's clock
// says: an event is never later than its reception.
//
// A full_state record ends with an event that tells the fold what it listed (Event::full_state), so
// that alerts whose resolve was lost, or whose check is gone, end.
//
// A check that cannot be judged (unknown) is an alert of its own (key + "/unknown", severity info):
// losing sight of a full disk must neither close nor soften the alert about the full disk.
std::vector<Event> normalize(const Report& report, const AgentIdentity& agent, Instant received_at);

// The source of what Presence says.
inline constexpr std::string_view k_presence_source = "gantry";

Event endpoint_silent(const AgentIdentity& agent, Instant last_seen, Millis silence, Instant now);
Event endpoint_returned(const AgentIdentity& agent, Instant now);
// Its agents were revoked: nobody is missed any more.
Event endpoint_unwatched(const AgentIdentity& agent, Instant now);

// The dedup key of an endpoint's "offline" alert.
std::string offline_key(AssetId asset);

}  // namespace gantry::collector
