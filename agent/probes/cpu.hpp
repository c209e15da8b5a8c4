// cpu: system.cpu.utilization and system.cpu.iowait, ratios over the time since the last read, all
// CPUs together; from /proc/stat.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

// Clock ticks since boot, as /proc/stat's first line counts them.
struct CpuTimes {
    std::int64_t busy = 0;
    std::int64_t iowait = 0;
    std::int64_t total = 0;
};

// corrupt: not a /proc/stat.
Result<CpuTimes> parse_cpu_times(std::string_view proc_stat);
// Number of "cpuN" lines.
int count_cpus(std::string_view proc_stat);

std::unique_ptr<Source> make_cpu_source(const std::string& proc);

}  // namespace gantry::agent
