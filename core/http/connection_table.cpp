#include "core/http/connection_table.hpp"

namespace gantry::http {
namespace {

constexpr int k_stuck_factor = 3;  // this much longer without progress is no slow client any more

}  // namespace

ConnectionTable::Movers* ConnectionTable::movers(Phase phase) {
    if (phase == Phase::body) return &bodies_;
    return phase == Phase::write ? &writes_ : nullptr;
}

void ConnectionTable::start_moving(Entry& entry, SteadyTime now) {
    Movers* to = movers(entry.phase);
    if (to == nullptr) return;
    entry.moved_at = now;
    entry.moved = 0;
    entry.mover = to->insert(to->end(), &entry);
}

void ConnectionTable::stop_moving(Entry& entry) {
    if (Movers* from = movers(entry.phase)) from->erase(entry.mover);
}

ConnectionTable::Place ConnectionTable::add(Connection* connection, Phase phase, SteadyTime now) {
    ++size_;
    auto& to = entries(phase);
    const Place place = to.insert(to.end(), Entry{connection, phase, now});
    start_moving(*place, now);
    return place;
}

void ConnectionTable::enter(Place place, Phase phase, SteadyTime now) {
    stop_moving(*place);
    auto& to = entries(phase);
    to.splice(to.end(), entries(place->phase), place);
    place->phase = phase;
    place->since = now;
    start_moving(*place, now);
}

void ConnectionTable::moved(Place place, std::size_t bytes, SteadyTime now) {
    Movers* among = movers(place->phase);
    if (among == nullptr) return;
    place->moved += bytes;
    if (place->moved < rate_.bytes) return;
    place->moved = 0;
    place->moved_at = now;
    among->splice(among->end(), *among, place->mover);
}

void ConnectionTable::remove(Place place) {
    stop_moving(*place);
    --size_;
    entries(place->phase).erase(place);
}

Connection* ConnectionTable::expired(SteadyTime now) const {
    for (std::size_t i = 0; i < k_phases; ++i) {
        const auto phase = static_cast<Phase>(i);
        if (phase == Phase::abandoned || phase == Phase::closing || lists_[i].empty()) continue;
        const Entry& oldest = lists_[i].front();
        if (oldest.since + timeouts_[i] <= now) return oldest.connection;
    }
    return stalled_body(now, rate_.window);
}

Connection* ConnectionTable::stalled_body(SteadyTime now, Millis patience) const {
    if (bodies_.empty() || bodies_.front()->moved_at + patience > now) return nullptr;
    return bodies_.front()->connection;
}

// Of bodies and answers, the one that did not move on for longest, if for `patience` at least.
const ConnectionTable::Entry* ConnectionTable::slowest(SteadyTime now, Millis patience) const {
    const Entry* found = nullptr;
    for (const Movers* movers : {&bodies_, &writes_}) {
        if (movers->empty()) continue;
        const Entry* front = movers->front();
        if (found == nullptr || front->moved_at < found->moved_at) found = front;
    }
    return found != nullptr && found->moved_at + patience <= now ? found : nullptr;
}

Connection* ConnectionTable::victim(SteadyTime now, Millis patience) const {
    const Entry* oldest = nullptr;
    for (const Phase phase : {Phase::linger, Phase::handshake, Phase::header}) {
        if (list(phase).empty()) continue;
        const Entry& front = list(phase).front();
        if (oldest == nullptr || front.since < oldest->since) oldest = &front;
    }
    if (oldest == nullptr) oldest = slowest(now, k_stuck_factor * patience);
    if (oldest != nullptr) return oldest->connection;
    const auto& idle = list(Phase::idle);
    if (!idle.empty() && idle.front().since + patience <= now) return idle.front().connection;
    const Entry* slow = slowest(now, patience);
    return slow == nullptr ? nullptr : slow->connection;
}

}  // namespace gantry::http
