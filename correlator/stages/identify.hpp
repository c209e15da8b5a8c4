// identify: binds the alert to an asset when an episode begins, and keeps it while the episode
// lasts. In order: the agent's credential; the label `asset_id`; the host name (see
// state/asset_directory.hpp); a new asset made from the host name; without any host the asset that
// stands for the service (label `service`, else the source). Never another organisation's.
#pragma once

#include "correlator/stages/stage.hpp"

namespace gantry::correlator {

class Identify final : public Stage {
public:
    [[nodiscard]] const char* name() const override { return "identify"; }
    [[nodiscard]] Verdict run(Context& context) const override;
};

}  // namespace gantry::correlator
