// Who is connected and what each waits for. Every phase has one timeout, so each keeps its
// connections in order of arrival: the next deadline is a list's front, entering a phase is a
// splice, and one timer serves ten thousand connections. Bodies and answers on their way are also
// kept in the order in which they last moved on. Private to core/http; one thread.
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

// What a body has to move in each `window` while it arrives. A byte now and then is no progress.
struct MinimumRate {
    std::size_t bytes = 1;  // a stretch; further progress is counted from its end
    Millis window{10'000};  // too short a stretch in it: expired
};

class ConnectionTable {
public:
    struct Entry {
        Connection* connection = nullptr;
        Phase phase = Phase::handshake;
        SteadyTime since;
        // body and write: when its last whole stretch had moved, and what moved since then.
        SteadyTime moved_at{};
        std::size_t moved = 0;
        std::list<Entry*>::iterator mover{};
    };
    using Place = std::list<Entry>::iterator;
    using Timeouts = std::array<Millis, k_phases>;

    explicit ConnectionTable(Timeouts timeouts, MinimumRate rate = {})
        : timeouts_(timeouts), rate_(rate) {}

    Place add(Connection* connection, Phase phase, SteadyTime now);
    void enter(Place place, Phase phase, SteadyTime now);
    // Bytes of its body or answer went over the wire. Nothing in another phase.
    void moved(Place place, std::size_t bytes, SteadyTime now);
    void remove(Place place);

    // The longest expired one, a body that is too slow among them; null when none is.
    [[nodiscard]] Connection* expired(SteadyTime now) const;
    // Who gives way when the table is full, `patience` being how long somebody may rest: the oldest
    // that has not sent a whole header, else a body or answer that did not move on for three times
    // as long, else the oldest idle one, else a body or answer that did not move on. Null: all are
    // at work.
    [[nodiscard]] Connection* victim(SteadyTime now, Millis patience) const;
    // Who gives way when the memory for bodies is full: the body that did not move on for longest.
    [[nodiscard]] Connection* stalled_body(SteadyTime now, Millis patience) const;

    [[nodiscard]] std::size_t size() const { return size_; }
    // Those that still hold a place, that is, all but the closing ones.
    [[nodiscard]] std::size_t open() const { return size_ - list(Phase::closing).size(); }
    [[nodiscard]] const std::list<Entry>& list(Phase phase) const {
        return lists_[static_cast<std::size_t>(phase)];
    }

private:
    using Movers = std::list<Entry*>;
    std::list<Entry>& entries(Phase phase) { return lists_[static_cast<std::size_t>(phase)]; }
    Movers* movers(Phase phase);
    void start_moving(Entry& entry, SteadyTime now);
    void stop_moving(Entry& entry);
    [[nodiscard]] const Entry* slowest(SteadyTime now, Millis patience) const;

    Timeouts timeouts_;
    MinimumRate rate_;
    std::array<std::list<Entry>, k_phases> lists_;
    Movers bodies_;  // by moved_at, as lists_[body] is by since
    Movers writes_;
    std::size_t size_ = 0;
};

}  // namespace gantry::http
