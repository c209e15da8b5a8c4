// TicketStore: incidents, assets and outbox as the engine writes them; implemented by itsm, wired
// by app. Every call runs inside the engine's transaction on the store's thread; it must not
// commit. Deterministic: rows depend on the arguments and the rows before, on nothing else.
#pragma once

#include "core/base/result.hpp"
#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/storage/database.hpp"

namespace gantry {

struct CommandContext {
    JournalSeq seq;
    Instant now{};  // the record's received_at
};

class TicketStore {
public:
    virtual ~TicketStore() = default;

    // Writes new assets, incident rows, timeline and outbox for `changes` (alerts and decisions are
    // written by core/records). Advances next_timeline and next_delivery.
    virtual Result<void> apply(storage::Connection& connection, const Changes& changes,
                               Sequences& sequences) = 0;

    // Executes one command. An error is an answer (the transaction goes on without effect):
    // not_found, conflict (version or state), invalid_input; unavailable means retry the batch.
    virtual Result<CommandOutcome> execute(storage::Connection& connection, const Command& command,
                                           const CommandContext& context, Sequences& sequences) = 0;
};

}  // namespace gantry
