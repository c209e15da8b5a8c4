// What the records' contract runs over: a fresh store of each engine with two organisations,
// "default" (k_ours) and "acme" (k_theirs), and the ports of itsm over it.
#pragma once

#include "core/records/access.hpp"
#include "core/records/alerts.hpp"
#include "core/records/decisions.hpp"
#include "itsm/outbox/sql_outbox.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/contract/storage/engines.hpp"
#include "tests/support/outbox_rows.hpp"
#include "tests/support/records_builders.hpp"

namespace gantry::test {

using Texts = std::vector<std::string>;

struct Records : World {
    explicit Records(Kind kind) : World(kind) {
        const auto acme = must(records::ensure_organisation(*connection, "acme", moment(0)));
        REQUIRE(acme.id == k_theirs);
        Subscription chat;
        chat.connector = "chat";
        tickets = itsm::make_ticket_store({chat});
        desk = itsm::make_service_desk();
        outbox = itsm::make_outbox(*database);
    }
    Result<CommandOutcome> execute(const Command& command) {
        return tickets->execute(*connection, command, {JournalSeq{900}, moment(500)}, sequences);
    }
    [[nodiscard]] Texts tables() const { return ticket_tables(*connection); }

    Sequences sequences;
    std::unique_ptr<TicketStore> tickets;
    std::unique_ptr<ServiceDesk> desk;
    std::unique_ptr<Outbox> outbox;
};

template <class Row>
std::vector<std::int64_t> numbers_of(const std::vector<Row>& rows) {
    std::vector<std::int64_t> out;
    for (const Row& row : rows) out.push_back(row.id.value);
    return out;
}

}  // namespace gantry::test
