// What a process costs: CPU by the kernel's clock of the process (schedstat's nanoseconds, not
// ticks), memory by /proc's smaps_rollup. Children are not counted; none are made here.
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

// Seconds on a CPU since the process started, all threads, ended ones too.
[[nodiscard]] double cpu_seconds(pid_t pid);
[[nodiscard]] Memory memory_of(pid_t pid);
// "AMD EPYC, 2 CPUs, 23 GiB, Linux 6.18.44, ext4"
[[nodiscard]] std::string machine();

}  // namespace gantry::bench
