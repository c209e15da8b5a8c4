// AlertFinder: the alerts of an asset, from the correlator's memory, which has all that the store
// has. An index in the store would be written at as many places as a mass event has assets, in
// every transaction. Implemented by app's engine; answers at once, on the server's executor.
#pragma once

#include <vector>

#include "core/base/strong_id.hpp"

namespace gantry {

class AlertFinder {
public:
    virtual ~AlertFinder() = default;
    // The newest (highest id) first; of any organisation. May be ahead of the store by what is on
    // its way there.
    [[nodiscard]] virtual std::vector<AlertId> alerts_of(AssetId asset) const = 0;
};

}  // namespace gantry
