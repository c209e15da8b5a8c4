// OutboxWriter: one row per subscribed connector for what happened to an incident, in the
// incident's transaction. The payload (docs/specs/delivery.md) is fixed here: what is told later is
// what was true then.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/changes.hpp"
#include "core/model/incident.hpp"
#include "core/model/subscription.hpp"
#include "core/storage/database.hpp"

namespace gantry::itsm {

class OutboxWriter {
public:
    explicit OutboxWriter(std::vector<Subscription> subscriptions);

    // `entry`: the timeline's entry that tells it. Advances sequences.next_delivery. A connector
    // that never heard of the incident (its priority was too low) is told with operation open once
    // it qualifies; what follows an open is told whatever the priority then is. One that wants no
    // opens is told the operation itself.
    Result<void> write(storage::Connection& connection, const Incident& incident,
                       Operation operation, const TimelineEntry& entry, Sequences& sequences);

private:
    Result<bool> knows(storage::Connection& connection, const std::string& connector,
                       IncidentId incident);
    std::vector<Subscription> subscriptions_;
};

}  // namespace gantry::itsm
