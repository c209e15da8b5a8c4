// From what the other side said to what becomes of the row: delivered, retried later or dead. Pure.
#pragma once

#include "connectors/engine/connector.hpp"
#include "connectors/engine/settings.hpp"
#include "connectors/engine/step.hpp"
#include "core/base/random.hpp"

namespace gantry::connectors {

// A retry waits for full-jitter back-off over its attempts, and, when the other side named a time
// (cut to the cap), at least for that plus a little jitter: a tool that says "in a second" all day
// would else use up the attempts long before the age. Too old or too often tried: dead, saying so.
Settlement verdict(const Delivery& delivery, const DeliveryResult& result,
                   const DeliveryLimits& limits, Instant now, RandomSource& random);

// A row that was leased more often than it may be tried: earlier attempts ended without a word,
// as when a row kills the process. nullopt: go on.
std::optional<Settlement> refuse_exhausted(const Delivery& delivery, const DeliveryLimits& limits,
                                           Instant now);

}  // namespace gantry::connectors
