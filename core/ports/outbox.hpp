// Outbox: deliveries as connectors/engine drains them; implemented by itsm/outbox over the store.
// Blocking, on the engine's own connection (durability full). Rows of one (connector, incident) are
// leased strictly in order, one at a time, so that a tool never sees a resolve before its open. A
// dead open holds those behind it until a person retries or discards it (ports/service_desk.hpp);
// any other dead row is passed by: a resolve must not wait for an update that is never taken.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/delivery.hpp"
#include "core/time/clock.hpp"

namespace gantry {

// What becomes of a leased row.
struct Settlement {
    // Release: not the delivery's fault (circuit open, shutdown); pending again, attempts as
    // before.
    enum class Kind : std::uint8_t { delivered = 0, retry, dead, release };
    DeliveryId id;
    Kind kind = Kind::release;
    std::string text;  // delivered: the remote id; retry, dead: the error
    Instant at{};      // delivered, dead: now; retry, release: the next attempt

    static Settlement delivered(DeliveryId id, std::string remote_id, Instant now) {
        return {id, Kind::delivered, std::move(remote_id), now};
    }
    static Settlement retry(DeliveryId id, std::string error, Instant next_attempt) {
        return {id, Kind::retry, std::move(error), next_attempt};
    }
    static Settlement dead(DeliveryId id, std::string error, Instant now) {
        return {id, Kind::dead, std::move(error), now};
    }
    static Settlement release(DeliveryId id, Instant next_attempt) {
        return {id, Kind::release, {}, next_attempt};
    }
};

class Outbox {
public:
    virtual ~Outbox() = default;
    // Up to `max` due rows (pending with next_attempt_at <= now, or in_flight with an expired
    // lease), marked in_flight until `now + lease`, attempts + 1. Durable before it returns, so
    // that after a crash an attempt that may have happened is known.
    virtual Result<std::vector<Delivery>> lease(const std::string& connector, Instant now,
                                                Millis lease, std::size_t max) = 0;
    // All of them in one durable commit, or none. A row that is gone is passed over.
    virtual Result<void> settle(const std::vector<Settlement>& settlements) = 0;
    // What the other side calls the incident, remembered from the first delivered row; "" = none.
    virtual Result<std::string> remote_id(const std::string& connector, IncidentId incident) = 0;
    // Earliest moment at which lease() could give something; nullopt = nothing waits.
    virtual Result<std::optional<Instant>> next_due(const std::string& connector) = 0;
};

}  // namespace gantry
