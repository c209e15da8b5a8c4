// A store with everything of ITSM over it: what writes tickets, reads them and hands out
// deliveries.
#pragma once

#include <utility>
#include <vector>

#include "core/ports/service_desk.hpp"
#include "itsm/outbox/sql_outbox.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/store.hpp"

namespace gantry::test {

struct TicketStoreWorld : Store {
    // Executed as the record of that number, `at` seconds after the beginning.
    Result<CommandOutcome> execute(CommandBody body, std::int64_t at,
                                   OrganisationId organisation = k_ours) {
        return tickets->execute(*connection, command_of(std::move(body), organisation),
                                {JournalSeq{at}, moment(at)}, sequences);
    }
    [[nodiscard]] Asset asset(AssetId id) const {
        return must(desk->asset(*connection, Scope::all(), id));
    }
    Result<void> discard(std::int64_t delivery, std::int64_t at,
                         const Scope& scope = Scope::all()) {
        return desk->discard_delivery(*connection, scope, DeliveryId{delivery}, moment(at));
    }

    std::unique_ptr<TicketStore> tickets = itsm::make_ticket_store({});
    std::unique_ptr<ServiceDesk> desk = itsm::make_service_desk();
    std::unique_ptr<Outbox> outbox = itsm::make_outbox(*database);
};

}  // namespace gantry::test
