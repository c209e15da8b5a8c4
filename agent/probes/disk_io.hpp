// disk_io: per whole disk (no partitions, loops, RAM disks), from /proc/diskstats, rates since the
// last read: system.disk.io.read, .write (bytes/s), system.disk.operations (1/s),
// system.disk.io_utilization (share of time with I/O under way).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probes/measurement.hpp"
#include "core/time/clock.hpp"

namespace gantry::agent {

struct DiskCounters {
    std::string device;
    std::int64_t operations = 0;
    std::int64_t read_bytes = 0;
    std::int64_t written_bytes = 0;
    std::int64_t busy_ms = 0;
};

// Every line that has counters, in order.
std::vector<DiskCounters> parse_diskstats(std::string_view proc_diskstats);
// sda, vda, xvdb, nvme0n1, mmcblk0, md0, dm-1: yes. sda1, nvme0n1p2, loop0, ram0, sr0, zram0: no.
bool is_whole_disk(std::string_view device);

std::unique_ptr<Source> make_disk_io_source(const std::string& proc, const Clock& clock);

}  // namespace gantry::agent
