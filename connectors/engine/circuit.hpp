// Circuit: the breaker of one connector. Closed until `failures` connector-level failures in a row;
// then open (no calls) for a jittered, growing while; then half open: one probe at a time. A probe
// that the other side answers closes it, one that fails opens it again for longer.
//
// Attempts that began before it opened are not probes: what they find changes nothing while open.
// Pure: the caller tells the (steady) time and brings the randomness.
#pragma once

#include <chrono>
#include <string>

#include "connectors/engine/connector.hpp"
#include "core/async/backoff.hpp"
#include "core/base/random.hpp"

namespace gantry::connectors {

enum class CircuitState : std::uint8_t { closed = 0, open, half_open };
[[nodiscard]] const char* to_string(CircuitState state);

class Circuit {
public:
    using Steady = std::chrono::steady_clock::time_point;

    Circuit(int failures, Backoff until_probe) : limit_(failures), until_probe_(until_probe) {}

    // Moves open to half open when its time has come. Call before asking permits().
    void tick(Steady now);
    [[nodiscard]] CircuitState state() const { return state_; }
    // Calls that may begin now: any number when closed (SIZE_MAX), one probe when half open, or 0.
    [[nodiscard]] std::size_t permits() const;
    [[nodiscard]] Steady opens_until() const { return until_; }
    [[nodiscard]] Cause cause() const { return cause_; }  // of the last opening
    [[nodiscard]] const std::string& reason() const { return reason_; }

    // A call begins; true when it is the probe. REQUIRES: permits() > 0.
    bool begin();
    void succeeded(bool probe);
    // `not_before`: the other side asked for peace until then.
    void failed(bool probe, const DeliveryResult& result, Steady now, Steady not_before,
                RandomSource& random);
    // The probe was not made or its end says nothing about the other side: probe again.
    void inconclusive(bool probe);

private:
    void open(const DeliveryResult& result, Steady now, Steady not_before, RandomSource& random);

    int limit_;
    Backoff until_probe_;
    CircuitState state_ = CircuitState::closed;
    int failures_ = 0;  // in a row, while closed
    int openings_ = 0;  // in a row, without a success between
    bool probing_ = false;
    Steady until_{};
    Cause cause_ = Cause::none;
    std::string reason_;
};

}  // namespace gantry::connectors
