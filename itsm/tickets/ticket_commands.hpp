// Commands of people, and of the enrolment desk, executed in the engine's transaction.
#pragma once

#include "core/base/result.hpp"
#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/ports/ticket_store.hpp"
#include "itsm/outbox/outbox_writer.hpp"

namespace gantry::itsm {

struct CommandWork {
    storage::Connection& connection;
    const Command& command;
    const CommandContext& context;
    Sequences& sequences;
    OutboxWriter& outbox;
};

// Errors as TicketStore::execute.
Result<CommandOutcome> execute_command(CommandWork work);

}  // namespace gantry::itsm
