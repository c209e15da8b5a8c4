// FakeDesk: a ServiceDesk over vectors, with the scope enforced as the real one does.
#pragma once

#include <algorithm>

#include "core/ports/service_desk.hpp"

namespace gantry::test {

class FakeDesk final : public ServiceDesk {
public:
    std::vector<Incident> incident_rows;
    std::vector<TimelineEntry> timeline_rows;
    std::vector<Asset> asset_rows;
    std::vector<Delivery> delivery_rows;
    IncidentFilter asked_incidents;
    AssetFilter asked_assets;
    DeliveryFilter asked_deliveries;
    std::optional<Error> broken;

    Result<PageOf<Incident>> incidents(storage::Connection&, const Scope& scope,
                                       const IncidentFilter& filter,
                                       const PageRequest& page) override {
        if (broken) return *broken;
        asked_incidents = filter;
        return newest_first(incident_rows, scope, page);
    }
    Result<Incident> incident(storage::Connection&, const Scope& scope, IncidentId id) override {
        return one(incident_rows, scope, id, incident_number(id));
    }
    Result<PageOf<TimelineEntry>> timeline(storage::Connection&, const Scope& scope, IncidentId id,
                                           const PageRequest& page) override {
        PageOf<TimelineEntry> out;
        for (const auto& entry : timeline_rows) {
            const bool wanted = scope.allows(entry.organisation) && entry.incident == id;
            if (!wanted || entry.id.value <= page.after) continue;
            if (out.items.size() == static_cast<std::size_t>(page.limit)) {
                out.next = out.items.back().id.value;
                break;
            }
            out.items.push_back(entry);
        }
        return out;
    }
    Result<PageOf<Asset>> assets(storage::Connection&, const Scope& scope,
                                 const AssetFilter& filter, const PageRequest& page) override {
        asked_assets = filter;
        return newest_first(asset_rows, scope, page);
    }
    Result<Asset> asset(storage::Connection&, const Scope& scope, AssetId id) override {
        return one(asset_rows, scope, id, "asset " + std::to_string(id.value));
    }
    Result<PageOf<Delivery>> deliveries(storage::Connection&, const Scope& scope,
                                        const DeliveryFilter& filter,
                                        const PageRequest& page) override {
        asked_deliveries = filter;
        return newest_first(delivery_rows, scope, page);
    }
    Result<void> retry_delivery(storage::Connection&, const Scope& scope, DeliveryId id,
                                Instant) override {
        return decide(scope, id, DeliveryState::pending);
    }
    Result<void> discard_delivery(storage::Connection&, const Scope& scope, DeliveryId id,
                                  Instant) override {
        return decide(scope, id, DeliveryState::discarded);
    }

private:
    Result<void> decide(const Scope& scope, DeliveryId id, DeliveryState state) {
        for (Delivery& delivery : delivery_rows) {
            if (delivery.id != id || !scope.allows(delivery.organisation)) continue;
            if (delivery.state != DeliveryState::dead) {
                return fail(ErrorCode::conflict, "delivery is not dead");
            }
            delivery.state = state;
            return {};
        }
        return fail(ErrorCode::not_found, "no such delivery");
    }
    template <class Row, class Id>
    static Result<Row> one(const std::vector<Row>& rows, const Scope& scope, Id id,
                           const std::string& what) {
        for (const Row& row : rows) {
            if (row.id == id && scope.allows(row.organisation)) return row;
        }
        return fail(ErrorCode::not_found, "there is no " + what);
    }
    template <class Row>
    static PageOf<Row> newest_first(std::vector<Row> rows, const Scope& scope,
                                    const PageRequest& page) {
        std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return b.id < a.id; });
        PageOf<Row> out;
        for (Row& row : rows) {
            if (!scope.allows(row.organisation)) continue;
            if (page.after > 0 && row.id.value >= page.after) continue;
            if (out.items.size() == static_cast<std::size_t>(page.limit)) {
                out.next = out.items.back().id.value;
                break;
            }
            out.items.push_back(std::move(row));
        }
        return out;
    }
};

}  // namespace gantry::test
