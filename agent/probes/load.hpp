// load and uptime. system.cpu.load_average.{1m,5m,15m} and each with .per_cpu behind it;
// system.uptime in seconds.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

Result<std::array<double, 3>> parse_loadavg(std::string_view proc_loadavg);
Result<double> parse_uptime(std::string_view proc_uptime);

// `cpus`: online CPUs, at least 1.
std::unique_ptr<Source> make_load_source(const std::string& proc, int cpus);
std::unique_ptr<Source> make_uptime_source(const std::string& proc);

}  // namespace gantry::agent
