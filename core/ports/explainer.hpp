// Explainer: "why this ticket?", "why is this alert not a ticket?"; implemented by app over the
// recorded decisions, the journal and correlator/explain.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/decision.hpp"
#include "core/model/scope.hpp"

namespace gantry {

struct ExplainedDecision {
    Decision decision;
    std::vector<std::string> sentences;
    std::string rule;                       // that decided; empty = none
    std::vector<std::string> rules_passed;  // `critical: severity="critical" did not hold (info)`
};

struct Explanation {
    std::string subject;  // "INC0000004 web01: / is full", "alert 12 (generic, key disk/web01)"
    std::vector<ExplainedDecision> decisions;  // oldest first, at most 100, the latest ones
    bool more = false;                         // older ones exist
};

class Explainer {
public:
    virtual ~Explainer() = default;
    // `id`: "INC0000004", "alert:12" or "12" (an alert). not_found outside the scope; invalid_input
    // for another text. Runs on the server's executor, reads on Workers.
    virtual boost::asio::awaitable<Result<Explanation>> explain(Scope scope, std::string id) = 0;
};

}  // namespace gantry
