#include "connectors/engine/circuit.hpp"

#include <algorithm>
#include <limits>

namespace gantry::connectors {

const char* to_string(CircuitState state) {
    switch (state) {
        case CircuitState::closed: return "closed";
        case CircuitState::open: return "open";
        case CircuitState::half_open: return "half_open";
    }
    return "";
}

void Circuit::tick(Steady now) {
    if (state_ == CircuitState::open && now >= until_) state_ = CircuitState::half_open;
}

std::size_t Circuit::permits() const {
    switch (state_) {
        case CircuitState::closed: return std::numeric_limits<std::size_t>::max();
        case CircuitState::half_open: return probing_ ? 0 : 1;
        case CircuitState::open: return 0;
    }
    return 0;
}

bool Circuit::begin() {
    if (state_ != CircuitState::half_open) return false;
    probing_ = true;
    return true;
}

void Circuit::succeeded(bool probe) {
    if (probe) {
        probing_ = false;
        openings_ = 0;
        state_ = CircuitState::closed;
    }
    if (state_ == CircuitState::closed) failures_ = 0;
}

void Circuit::failed(bool probe, const DeliveryResult& result, Steady now, Steady not_before,
                     RandomSource& random) {
    if (probe) {
        probing_ = false;
        open(result, now, not_before, random);
        return;
    }
    if (state_ != CircuitState::closed) return;
    if (++failures_ >= limit_) open(result, now, not_before, random);
}

void Circuit::inconclusive(bool probe) {
    if (probe) probing_ = false;
}

void Circuit::open(const DeliveryResult& result, Steady now, Steady not_before,
                   RandomSource& random) {
    // Several servers do not probe in step, and none probes at once.
    until_ = std::max(now + until_probe_.half_certain(openings_++, random), not_before);
    state_ = CircuitState::open;
    failures_ = 0;
    cause_ = result.cause;
    reason_ = result.reason;
}

}  // namespace gantry::connectors
