// Outbox: deliveries as connectors/engine drains them; implemented by itsm/outbox over the store.
// Blocking, on the engine's own connection (durability full). Rows of one (connector, incident) are
// leased strictly in order, one at a time, so that a tool never sees a resolve before its open. A
// dead open holds those behind it until a person retries or discards it (ports/service_desk.hpp);
// any other dead row is passed by: a resolve must not wait for an update that is never taken.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/delivery.hpp"
#include "core/time/clock.hpp"

namespace gantry {

class Outbox {
public:
    virtual ~Outbox() = default;
    // Up to `max` due rows (pending with next_attempt_at <= now, or in_flight with an expired
    // lease), marked in_flight until `now + lease`, attempts + 1. Durable before it returns, so
    // that after a crash an attempt that may have happened is known.
    virtual Result<std::vector<Delivery>> lease(const std::string& connector, Instant now,
                                                Millis lease, std::size_t max) = 0;
    virtual Result<void> delivered(DeliveryId id, const std::string& remote_id, Instant now) = 0;
    virtual Result<void> retry(DeliveryId id, const std::string& error, Instant next_attempt) = 0;
    virtual Result<void> dead(DeliveryId id, const std::string& error, Instant now) = 0;
    // Not the delivery's fault (circuit open, shutdown): back to pending, attempts as before.
    virtual Result<void> release(DeliveryId id, Instant next_attempt) = 0;
    // What the other side calls the incident, remembered from the first delivered row; "" = none.
    virtual Result<std::string> remote_id(const std::string& connector, IncidentId incident) = 0;
    // Earliest moment at which lease() could give something; nullopt = nothing waits.
    virtual Result<std::optional<Instant>> next_due(const std::string& connector) = 0;
};

}  // namespace gantry
