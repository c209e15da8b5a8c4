// Subscription: which incidents a connector wants to hear of. Applied when the outbox row is
// written, in the incident's transaction.
#pragma once

#include <string>
#include <vector>

#include "core/base/strong_id.hpp"
#include "core/model/delivery.hpp"

namespace gantry {

struct Subscription {
    std::string connector;
    std::vector<OrganisationId> organisations;  // empty = all
    int min_priority = 5;                       // 1 is the most urgent; 5 = every incident
    std::vector<Operation> operations;          // empty = all
};

}  // namespace gantry
