// memory and swap, both from /proc/meminfo. Used memory is what is not available without
// swapping (MemAvailable), so caches do not count: system.memory.utilization, .usage, .available;
// system.paging.utilization, .usage (nothing of paging on a machine without swap).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

struct MemoryInfo {
    std::int64_t total_bytes = 0;
    std::int64_t available_bytes = 0;
    std::int64_t swap_total_bytes = 0;
    std::int64_t swap_free_bytes = 0;
};

Result<MemoryInfo> parse_meminfo(std::string_view proc_meminfo);

std::unique_ptr<Source> make_memory_source(const std::string& proc);
std::unique_ptr<Source> make_swap_source(const std::string& proc);

}  // namespace gantry::agent
