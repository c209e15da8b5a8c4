// The TicketStore: what the correlator orders and people command, as rows. See the port.
#pragma once

#include <memory>
#include <vector>

#include "core/model/subscription.hpp"
#include "core/ports/ticket_store.hpp"

namespace gantry::itsm {

std::unique_ptr<TicketStore> make_ticket_store(std::vector<Subscription> subscriptions);

}  // namespace gantry::itsm
