// The pipeline: the stages in order, as data.
#pragma once

#include <memory>
#include <vector>

#include "correlator/stages/stage.hpp"

namespace gantry::correlator {

using Stages = std::vector<std::unique_ptr<Stage>>;

// Every stage that Gantry has, in the order in which events pass them.
[[nodiscard]] Stages make_stages();

// Runs the event through the stages until one stops it; fills the context's decision.
void run(const Stages& stages, Context& context);

}  // namespace gantry::correlator
