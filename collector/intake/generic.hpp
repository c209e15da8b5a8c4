// The generic JSON webhook: anything that can send an HTTP request can raise and resolve an alert.
// docs/intake.md is its text for users. Accepted: one object, an array of them, or
// {"alerts": [...]}.
//
// Known keys, with the aliases that other tools use: key (dedup_key, fingerprint), status (action,
// event_action), severity, summary (title, message), description, host (hostname, node), service,
// labels, evidence (annotations, custom_details), starts_at, expires_after_s. What else is sent is
// kept as evidence when it is a text, a number or a boolean, and named in the reply's warnings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/event.hpp"

namespace gantry::collector {

struct IntakeBatch {
    std::vector<Event> events;
    std::vector<std::string> warnings;  // at most 10, for the sender's eyes
};

// One parser with its memory; one thread at a time.
class GenericIntake {
public:
    GenericIntake();
    ~GenericIntake();
    GenericIntake(const GenericIntake&) = delete;
    GenericIntake& operator=(const GenericIntake&) = delete;

    // `body` may grow its capacity (padding for the parser), never its content. All or nothing: the
    // first fault refuses the batch with invalid_input naming the place, "alerts[3].severity".
    Result<IntakeBatch> parse(std::string& body, OrganisationId organisation, Instant now);

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace gantry::collector
