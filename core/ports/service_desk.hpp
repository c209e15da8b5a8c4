// ServiceDesk: how people read tickets and assets; implemented by itsm. Blocking, on the caller's
// read-only connection; newest first. Rows outside the scope do not exist.
#pragma once

#include "core/base/result.hpp"
#include "core/model/asset.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"

namespace gantry {

struct IncidentFilter {
    std::optional<bool> open;  // true: new, in_progress, on_hold
    std::optional<IncidentState> state;
    std::optional<int> priority;
    AssetId asset;
};
struct AssetFilter {
    std::string name_contains;  // ASCII case-insensitive; "" = all
};
struct DeliveryFilter {
    std::optional<DeliveryState> state;
    std::string connector;
    IncidentId incident;
};

class ServiceDesk {
public:
    virtual ~ServiceDesk() = default;
    virtual Result<PageOf<Incident>> incidents(storage::Connection&, const Scope&,
                                               const IncidentFilter&, const PageRequest&) = 0;
    virtual Result<Incident> incident(storage::Connection&, const Scope&, IncidentId) = 0;
    virtual Result<PageOf<TimelineEntry>> timeline(storage::Connection&, const Scope&, IncidentId,
                                                   const PageRequest&) = 0;  // oldest first
    virtual Result<PageOf<Asset>> assets(storage::Connection&, const Scope&, const AssetFilter&,
                                         const PageRequest&) = 0;
    virtual Result<Asset> asset(storage::Connection&, const Scope&, AssetId) = 0;
    virtual Result<PageOf<Delivery>> deliveries(storage::Connection&, const Scope&,
                                                const DeliveryFilter&, const PageRequest&) = 0;
    // A dead delivery becomes pending again, at once due. conflict: it is not dead; or later news
    // of its incident were tried meanwhile, which it would undo (a late note undoes nothing).
    virtual Result<void> retry_delivery(storage::Connection&, const Scope&, DeliveryId,
                                        Instant now) = 0;
    // A dead delivery is given up for good; what waits behind it goes on. Of an open, the tool
    // hears the later operations without it. conflict: it is not dead.
    virtual Result<void> discard_delivery(storage::Connection&, const Scope&, DeliveryId,
                                          Instant now) = 0;
};

}  // namespace gantry
