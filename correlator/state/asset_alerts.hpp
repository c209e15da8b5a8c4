// AssetAlerts: the ids of each asset's alerts, in order, eight bytes each. An id that goes is only
// marked; marked ones are swept when they are half of a list, so an asset with a million alerts
// costs no more for each than one with ten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/base/strong_id.hpp"

namespace gantry::correlator {

class AssetAlerts {
public:
    // REQUIRES: the asset is set, and does not have the alert.
    void add(AssetId asset, AlertId alert);
    // REQUIRES: the asset has the alert.
    void remove(AssetId asset, AlertId alert);
    // The newest (highest id) first, at most `max`, below `before` (unset: all).
    [[nodiscard]] std::vector<AlertId> newest(AssetId asset, AlertId before, std::size_t max) const;

private:
    // Twice the id, plus one when it has gone: marking one leaves the order as it is.
    using Mark = std::int64_t;
    struct List {
        std::vector<Mark> marks;  // ascending
        std::size_t gone = 0;
    };

    std::unordered_map<AssetId, List> lists_;
};

}  // namespace gantry::correlator
