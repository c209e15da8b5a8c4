// What a process costs, from /proc: CPU by schedstat (nanoseconds, not ticks), memory by
// smaps_rollup. The children it has reaped are not counted; gantryd and the agent make none here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace gantry::bench {

struct Memory {
    std::int64_t rss_kib = 0;
    std::int64_t pss_kib = 0;
    std::int64_t private_dirty_kib = 0;
};

// Seconds on a CPU since the process started, all threads, ended ones not (none end here).
[[nodiscard]] double cpu_seconds(pid_t pid);
[[nodiscard]] Memory memory_of(pid_t pid);
// "AMD EPYC, 2 CPUs, 23 GiB, Linux 6.18.44, ext4"
[[nodiscard]] std::string machine();

}  // namespace gantry::bench
