// The pure half of the filesystem probe: which mounts there are and what an answer says.
#include <algorithm>
#include <array>

#include "agent/probes/filesystem.hpp"
#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

constexpr std::array<std::string_view, 38> k_pseudo{
    "autofs",       "binfmt_misc",   "bpf",         "cgroup",
    "cgroup2",      "configfs",      "debugfs",     "devpts",
    "devtmpfs",     "efivarfs",      "fusectl",     "fuse.lxcfs",
    "hugetlbfs",    "iso9660",       "mqueue",      "nsfs",
    "overlay",      "proc",          "pstore",      "ramfs",
    "rpc_pipefs",   "securityfs",    "selinuxfs",   "squashfs",
    "sysfs",        "tracefs",       "udf",         "erofs",
    "rootfs",       "fuse.snapfuse", "fuse.portal", "fuse.gvfsd-fuse",
    "nfsd",         "resctrl",       "sockfs",      "pipefs",
    "anon_inodefs", "none"};
constexpr std::array<std::string_view, 14> k_network{
    "nfs", "nfs4", "cifs",      "smb3",       "smbfs",          "ncpfs",  "afs",
    "9p",  "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "lustre", "virtiofs"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// "\040" and its like, as the kernel writes blanks, tabs, line ends and backslashes.
std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) {
            return at < text.size() && text[at] >= '0' && text[at] <= '7';
        };
        if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            const int code =
                (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
            out += static_cast<char>(code);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const std::size_t comma = options.find(',');
        if (options.substr(0, comma) == wanted) return true;
        if (comma == std::string_view::npos) return false;
        options = options.substr(comma + 1);
    }
    return false;
}

// Small tmpfs that belong to the system's plumbing and never fill by a user's doing.
bool is_plumbing(const Mount& mount) {
    const bool memory = mount.type == "tmpfs";
    return memory && (mount.point.starts_with("/sys/") || mount.point.starts_with("/proc/") ||
                      mount.point.starts_with("/run/credentials/") || mount.point == "/dev");
}

bool is_wanted(const Mount& mount, const std::vector<std::string>& named) {
    if (std::find(named.begin(), named.end(), mount.point) != named.end()) return true;
    return !contains(k_pseudo, mount.type) && !contains(k_network, mount.type) &&
           !is_plumbing(mount);
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
    std::vector<Mount> out;
    std::string_view line;
    while (next_line(text, line)) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        std::string_view head = line.substr(0, dash);
        std::string_view tail = line.substr(dash + 3);
        Mount mount;
        next_word(head);  // mount id
        next_word(head);  // parent
        mount.device_number = std::string(next_word(head));
        next_word(head);  // root inside the file system
        mount.point = unescape(next_word(head));
        const std::string_view options = next_word(head);
        mount.type = std::string(next_word(tail));
        mount.source = unescape(next_word(tail));
        const std::string_view super = next_word(tail);
        mount.read_only = has_option(options, "ro") || has_option(super, "ro");
        if (!mount.point.empty() && !mount.type.empty()) out.push_back(std::move(mount));
    }
    return out;
}

std::vector<Mount> select_mounts(std::vector<Mount> mounts, const std::vector<std::string>& named) {
    std::vector<Mount> out;
    for (Mount& mount : mounts) {
        // What is mounted over a point hides what was there before.
        std::erase_if(out, [&](const Mount& other) { return other.point == mount.point; });
        if (!is_wanted(mount, named)) continue;
        const auto twin = std::find_if(out.begin(), out.end(), [&](const Mount& other) {
            return other.device_number == mount.device_number;
        });
        if (twin == out.end()) {
            out.push_back(std::move(mount));
        } else if (mount.point.size() < twin->point.size()) {
            *twin = std::move(mount);
        }
    }
    return out;
}

void append_filesystem_readings(const Mount& mount, const struct statvfs& answer,
                                Measurement& out) {
    if (answer.f_blocks == 0) return;
    const auto block = static_cast<double>(answer.f_frsize);
    const auto used = static_cast<double>(answer.f_blocks - answer.f_bfree);
    const auto available = static_cast<double>(answer.f_bavail);
    const auto add = [&](const char* name, double value) {
        out.readings.push_back({name, mount.point, value});
    };
    add("system.filesystem.utilization", used + available > 0 ? used / (used + available) : 1);
    add("system.filesystem.usage", used * block);
    add("system.filesystem.free", available * block);
    if (answer.f_files > 0) {
        const auto files = static_cast<double>(answer.f_files);
        add("system.filesystem.inodes.utilization",
            (files - static_cast<double>(answer.f_ffree)) / files);
    }
    add("system.filesystem.read_only", mount.read_only ? 1 : 0);
}

}  // namespace gantry::agent
