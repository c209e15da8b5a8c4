// CommandGate: the one way to change tickets and to enrol; implemented by app's engine. The command
// is journaled (durable) first, then executed in order; the answer is what happened.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/base/result.hpp"
#include "core/model/command.hpp"

namespace gantry {

class CommandGate {
public:
    virtual ~CommandGate() = default;
    // Errors as TicketStore::execute; limit when the journal's queue is full.
    virtual boost::asio::awaitable<Result<CommandOutcome>> submit(Command command) = 0;
};

}  // namespace gantry
