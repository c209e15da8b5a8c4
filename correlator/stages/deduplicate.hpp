// deduplicate: finds the event's alert by its key (organisation, source, dedup key) and moves it:
// inactive -> firing begins an episode with a new id; firing again updates the alert; resolved ends
// the episode. A resolve of an unknown or resolved alert is recorded and counted, no more.
#pragma once

#include "correlator/stages/stage.hpp"

namespace gantry::correlator {

class Deduplicate final : public Stage {
public:
    [[nodiscard]] const char* name() const override { return "deduplicate"; }
    [[nodiscard]] Verdict run(Context& context) const override;
};

}  // namespace gantry::correlator
