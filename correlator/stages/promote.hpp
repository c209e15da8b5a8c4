// promote: turns what happened to the alert into orders about its incident. The first rule that
// matches decides whether an episode has one; it is opened, joined, reopened inside the window,
// raised, lowered, and resolved by itself. What a person decided stays: a priority that a person
// set is never lowered, an incident that a person took over is noted, not resolved (unless the rule
// says so), a closed or canceled one is never reopened.
//
// An incident that a person ended while its alert still fires stays ended, until the alert becomes
// more severe or begins a new episode: both are news that the person did not have.
#pragma once

#include "correlator/stages/stage.hpp"

namespace gantry::correlator {

class Promote final : public Stage {
public:
    [[nodiscard]] const char* name() const override { return "promote"; }
    [[nodiscard]] Verdict run(Context& context) const override;
};

}  // namespace gantry::correlator
