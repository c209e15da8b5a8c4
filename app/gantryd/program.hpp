// Program: gantryd composed. Everything that the rooms need of each other is wired here and nowhere
// else; the order of the members is the order of construction, and of destruction reversed.
//
// Start: data directory and lock, certificates, records (migrated), journal, listener; then state
// is restored and caught up, while /healthz, /readyz and /metrics answer and everything else gets
// 503. Stop (SIGTERM, SIGINT; at any moment, also of the start): listener drains, connectors finish
// attempts under way, the fold commits what is durable.
#pragma once

#include <string>

#include "app/gantryd/settings.hpp"
#include "core/base/result.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::app {

// Blocks until a signal stops it. An error is a start that failed, with the reason for a person.
Result<void> run_gantryd(Settings settings, telemetry::Log log);

}  // namespace gantry::app
