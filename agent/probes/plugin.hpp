// plugin: any program with the Nagios plugin interface (exit 0 ok, 1 warning, 2 critical, 3
// unknown; "text | label=value[unit];warn;crit;min;max", more lines may follow). Its exit code is
// the judgement; its performance data become readings "plugin.<label>". Anything else that it does
// (other exit codes, a signal, the deadline passed) is unknown.
#pragma once

#include <memory>
#include <string_view>

#include "agent/probes/probe.hpp"
#include "core/process/command.hpp"

namespace gantry::agent {

struct PluginOutput {
    std::string text;  // first line, without performance data
    std::vector<Reading> readings;
};

// At most k_max_perfdata readings; malformed items are left out.
inline constexpr std::size_t k_max_perfdata = 64;
PluginOutput parse_plugin_output(std::string_view output);

Measurement plugin_measurement(const process::Outcome& outcome);

// REQUIRES: check.probe is "plugin".
std::unique_ptr<Probe> make_plugin_probe(const CheckPolicy& check,
                                         std::shared_ptr<process::Groups> commands);

}  // namespace gantry::agent
