// AlertFinder: the alerts of an asset, from the correlator's memory, which has all that the store
// has. An index in the store would be written at as many places as a mass event has assets, in
// every transaction. Implemented by app's engine; answers at once, on the server's executor. It may
// be ahead of the store by what is on its way there.
#pragma once

#include <vector>

#include "core/base/strong_id.hpp"
#include "core/model/scope.hpp"

namespace gantry {

class AlertFinder {
public:
    virtual ~AlertFinder() = default;
    // The newest (highest id) first, at most `max`, below `before` (unset: all). None of an asset
    // outside the scope.
    [[nodiscard]] virtual std::vector<AlertId> alerts_of(const Scope& scope, AssetId asset,
                                                         AlertId before, std::size_t max) const = 0;
};

}  // namespace gantry
