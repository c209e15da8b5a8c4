// Opening: the blocking part of gantryd's start, before anything runs: directory, certificates,
// records, journal, rules, policy. Each step's error says what a person should look at.
#pragma once

#include <memory>

#include "app/gantryd/data_directory.hpp"
#include "app/gantryd/settings.hpp"
#include "core/base/random.hpp"
#include "core/storage/database.hpp"
#include "core/telemetry/log.hpp"
#include "core/time/clock.hpp"
#include "correlator/rules/rules.hpp"

namespace gantry::app {

struct Opened {
    DataDirectory directory;
    std::unique_ptr<storage::Database> database;  // migrated
    correlator::RuleSet rules;
    std::string policy_json;  // the layer below all policies
};

// Fills settings.server.http's certificate and key when gantryd has its own.
Result<Opened> open_everything(Settings& settings, const Clock& clock, RandomSource& random,
                               const telemetry::Log& log);

}  // namespace gantry::app
