// The handlers that the routing table names, by the file they stand in. Coroutines on the server's
// executor. An error becomes a problem document (answers.hpp: refusal); refusals with a status or a
// header of their own are responses.
#pragma once

#include "console/api/call.hpp"

namespace gantry::console {

using Answer = boost::asio::awaitable<Result<http::Response>>;

// incidents.cpp: reading and creating; incident_changes.cpp: changing
Answer list_incidents(Desk& desk, Call call);
Answer create_incident(Desk& desk, Call call);
Answer show_incident(Desk& desk, Call call);
Answer list_timeline(Desk& desk, Call call);
Answer add_note(Desk& desk, Call call);
Answer change_incident(Desk& desk, Call call);

// In incidents.cpp: the {number} of the path. not_found when it is none.
Result<IncidentId> incident_in_path(const Call& call);

// alerts.cpp
Answer list_alerts(Desk& desk, Call call);
Answer show_alert(Desk& desk, Call call);
Answer list_decisions(Desk& desk, Call call);
Answer explain(Desk& desk, Call call);

// assets.cpp
Answer list_assets(Desk& desk, Call call);
Answer show_asset(Desk& desk, Call call);

// deliveries.cpp
Answer list_deliveries(Desk& desk, Call call);
Answer show_delivery(Desk& desk, Call call);
Answer retry_delivery(Desk& desk, Call call);
Answer discard_delivery(Desk& desk, Call call);

// tokens.cpp
Answer list_tokens(Desk& desk, Call call);
Answer create_token(Desk& desk, Call call);
Answer revoke_token(Desk& desk, Call call);

// sessions.cpp
Answer create_session(Desk& desk, Call call);

// policies.cpp
Answer list_policies(Desk& desk, Call call);
Answer show_policy(Desk& desk, Call call);
Answer put_policy(Desk& desk, Call call);

// people.cpp
Answer list_organisations(Desk& desk, Call call);
Answer create_organisation(Desk& desk, Call call);
Answer list_users(Desk& desk, Call call);
Answer create_user(Desk& desk, Call call);

Answer show_user(Desk& desk, Call call);
Answer change_user(Desk& desk, Call call);

// agents.cpp
Answer list_agents(Desk& desk, Call call);
Answer revoke_agent(Desk& desk, Call call);
Answer approve_agent(Desk& desk, Call call);

// status.cpp
Answer show_status(Desk& desk, Call call);

}  // namespace gantry::console
