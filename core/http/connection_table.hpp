// Who is connected and what each waits for. Every phase has one timeout, so each keeps its
// connections in order of arrival: the next deadline is a list's front, entering a phase is a
// splice, and one timer serves ten thousand connections. Private to core/http; one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>

#include "core/time/clock.hpp"

namespace gantry::http {

class Connection;

// linger: the answer is out, what the client still sends is read away. abandoned: the handler
// overran its deadline and was answered for; it still holds its place, so that stuck handlers are
// bounded too. closing: nothing is waited for any more, only the coroutine has to end.
enum class Phase { handshake, header, body, idle, handler, write, linger, abandoned, closing };
inline constexpr std::size_t k_phases = 9;

using SteadyTime = std::chrono::steady_clock::time_point;

class ConnectionTable {
public:
    struct Entry {
        Connection* connection = nullptr;
        Phase phase = Phase::handshake;
        SteadyTime since;
    };
    using Place = std::list<Entry>::iterator;
    using Timeouts = std::array<Millis, k_phases>;

    explicit ConnectionTable(Timeouts timeouts) : timeouts_(timeouts) {}

    Place add(Connection* connection, Phase phase, SteadyTime now);
    void enter(Place place, Phase phase, SteadyTime now);
    void remove(Place place);

    // The longest expired one, null when none is.
    [[nodiscard]] Connection* expired(SteadyTime now) const;
    // Who gives way when the table is full: the oldest that has not sent a whole header, else the
    // oldest idle one that has been so for `idle_for`. Null: all are at work.
    [[nodiscard]] Connection* victim(SteadyTime now, Millis idle_for) const;

    [[nodiscard]] std::size_t size() const { return size_; }
    // Those that still hold a place, that is, all but the closing ones.
    [[nodiscard]] std::size_t open() const { return size_ - list(Phase::closing).size(); }
    [[nodiscard]] const std::list<Entry>& list(Phase phase) const {
        return lists_[static_cast<std::size_t>(phase)];
    }

private:
    std::list<Entry>& entries(Phase phase) { return lists_[static_cast<std::size_t>(phase)]; }

    Timeouts timeouts_;
    std::array<std::list<Entry>, k_phases> lists_;
    std::size_t size_ = 0;
};

}  // namespace gantry::http
