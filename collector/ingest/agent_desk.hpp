// AgentDesk: the HTTP side of the wire contract (docs/specs/wire.md): enrol, report, policy. A
// report is answered 2xx only when its new records are durable. Every refusal is a problem document
// and a count in gantry_agent_refused_total{reason}.
//
// Threading: coroutines on the server's executor; the AgentBook is shared with Presence there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "collector/ingest/agent_book.hpp"
#include "core/base/random.hpp"
#include "core/http/auth_guard.hpp"
#include "core/http/message.hpp"
#include "core/ports/command_gate.hpp"
#include "core/ports/enrolment_tokens.hpp"
#include "core/ports/event_gate.hpp"
#include "core/ports/policy_source.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"

namespace gantry::collector {

struct AgentDeskParts {
    AgentBook& book;
    EventGate& events;
    CommandGate& commands;
    PolicySource& policies;
    EnrolmentTokens& tokens;
    const Clock& clock;
    RandomSource& random;
    telemetry::Registry& metrics;
    telemetry::Log log;
    // Journals endpoint_returned for an agent that was offline; Presence gives it.
    std::function<void(AgentEntry&)> on_return;
};

class AgentDesk {
public:
    explicit AgentDesk(AgentDeskParts parts);

    // `path` under /api/v1/agent/: "enrol", "report" or "policy".
    boost::asio::awaitable<http::Response> handle(std::string path, http::Request request);

private:
    boost::asio::awaitable<http::Response> enrol(http::Request request);
    http::Response enrolled(const records::Token& token, const EnrolAgent& order,
                            const CommandOutcome& outcome, const std::string& credential);
    void note_unanswered(TokenId token, const std::string& nonce);
    boost::asio::awaitable<http::Response> report(http::Request request);
    http::Response policy(const http::Request& request);
    boost::asio::awaitable<http::Response> store(AgentEntry& entry, Report report,
                                                 std::string body);
    http::Response reply(const AgentEntry& entry, const StreamVerdict& verdict);
    telemetry::Counter& refusals(const char* reason);
    http::Response refuse(int status, const char* reason, const std::string& detail);
    // The entry that the request's credential proves; nullptr and `refusal` otherwise. Comes before
    // anything is decoded.
    AgentEntry* authenticate(const http::Request& request, http::Response& refusal);
    void heard(AgentEntry& entry);

    AgentDeskParts parts_;
    http::AuthGuard guard_;  // of enrolment tokens: anybody may guess them
    telemetry::Counter& reports_;
    telemetry::Counter& replays_;
    telemetry::Counter& records_;
    // Enrolments whose outcome was not known in time; bounded.
    std::set<std::pair<TokenId, std::string>> unanswered_;
};

}  // namespace gantry::collector
