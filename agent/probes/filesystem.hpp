// filesystem: every mounted local file system, once per device: system.filesystem.utilization (as
// df counts: used / (used + available to users)), .usage and .free (bytes),
// system.filesystem.inodes.utilization (absent where inodes are unlimited),
// system.filesystem.read_only (0 or 1).
//
// statvfs(2) can hang for ever on a dead server or disk. It runs on a sacrificial thread, one a
// look: a mount that does not answer within its deadline is a gap ("unknown"), its thread is left
// behind, and the mount is not asked again, by no probe, until that thread comes back. Network and
// pseudo file systems are left out unless a policy names the mount point exactly.
#pragma once

#include <sys/statvfs.h>

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probes/probe.hpp"

namespace gantry::agent {

struct Mount {
    std::string device_number;  // "254:0"
    std::string point;
    std::string type;
    std::string source;
    bool read_only = false;  // the mount or its super block
};

// proc(5), mountinfo; octal escapes are decoded, unreadable lines skipped.
std::vector<Mount> parse_mountinfo(std::string_view text);
// What is worth a look: see above. Of mounts over the same point the last one, of binds of the same
// device the shortest point.
std::vector<Mount> select_mounts(std::vector<Mount> mounts, const std::vector<std::string>& named);

// Appends the readings of one answer; nothing for a file system without blocks.
void append_filesystem_readings(const Mount& mount, const struct statvfs& answer, Measurement& out);

using StatFunction = std::function<int(const char* path, struct statvfs* answer)>;

struct FilesystemOptions {
    std::string mountinfo = "/proc/self/mountinfo";
    std::vector<std::string> named;  // mount points to look at whatever their type
    Millis per_mount{2'000};         // no answer for so long: hung
    std::size_t max_hung = 4;        // threads left behind at most; further mounts are gaps
    // Runs the body on a thread of its own; gives the errno when there is none. Empty: as it
    // should.
    std::function<int(std::function<void()> body)> start_thread;
};
std::unique_ptr<Probe> make_filesystem_probe(boost::asio::any_io_executor executor,
                                             FilesystemOptions options, StatFunction stat,
                                             std::shared_ptr<HungMounts> hung);

}  // namespace gantry::agent
