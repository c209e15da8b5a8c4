// Recording fakes of the engine's gates.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/ports/command_gate.hpp"
#include "core/ports/event_gate.hpp"

namespace gantry::test {

class FakeEventGate final : public EventGate {
public:
    boost::asio::awaitable<Result<void>> accept(journal::Record record,
                                                std::vector<Event> events = {}) override {
        if (error) co_return *error;
        accepted.push_back(std::move(record));
        accepted_events.push_back(std::move(events));
        co_return Result<void>{};
    }
    bool coalesce(const std::vector<Event>& events, Instant) override {
        offered += events.size();
        return coalesces;
    }

    std::vector<journal::Record> accepted;
    std::vector<std::vector<Event>> accepted_events;  // beside `accepted`
    std::optional<Error> error;
    bool coalesces = false;
    std::size_t offered = 0;
};

class FakeCommandGate final : public CommandGate {
public:
    boost::asio::awaitable<Result<CommandOutcome>> submit(Command command) override {
        submitted.push_back(std::move(command));
        if (before) before();
        co_return outcome;
    }

    std::vector<Command> submitted;
    Result<CommandOutcome> outcome{CommandOutcome{}};
    std::function<void()> before;  // runs between the asking and the answer
};

}  // namespace gantry::test
