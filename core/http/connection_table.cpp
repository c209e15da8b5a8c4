#include "core/http/connection_table.hpp"

namespace gantry::http {

ConnectionTable::Place ConnectionTable::add(Connection* connection, Phase phase, SteadyTime now) {
    ++size_;
    auto& to = entries(phase);
    return to.insert(to.end(), Entry{connection, phase, now});
}

void ConnectionTable::enter(Place place, Phase phase, SteadyTime now) {
    auto& to = entries(phase);
    to.splice(to.end(), entries(place->phase), place);
    place->phase = phase;
    place->since = now;
}

void ConnectionTable::remove(Place place) {
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
    return nullptr;
}

Connection* ConnectionTable::victim(SteadyTime now, Millis idle_for) const {
    const Entry* oldest = nullptr;
    for (const Phase phase : {Phase::linger, Phase::handshake, Phase::header}) {
        if (list(phase).empty()) continue;
        const Entry& front = list(phase).front();
        if (oldest == nullptr || front.since < oldest->since) oldest = &front;
    }
    if (oldest != nullptr) return oldest->connection;
    const auto& idle = list(Phase::idle);
    if (idle.empty() || idle.front().since + idle_for > now) return nullptr;
    return idle.front().connection;
}

}  // namespace gantry::http
