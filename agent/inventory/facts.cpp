#include "agent/inventory/facts.hpp"

#include <dirent.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <memory>

#include "agent/probes/cpu.hpp"
#include "agent/probes/filesystem.hpp"
#include "agent/probes/kernel_file.hpp"
#include "agent/probes/memory.hpp"
#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

struct DirectoryCloser {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> list(const std::string& path) {
    std::vector<std::string> out;
    const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(path.c_str()));
    while (directory && out.size() < 1024) {
        const dirent* entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
    }
    std::sort(out.begin(), out.end());
    return out;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string word_of(const std::string& path) {
    return truncate_utf8(sanitise(read_small_file(path, 1024)), 255);
}

// Permanent addresses of interfaces with hardware behind them. addr_assign_type 0 is
// NET_ADDR_PERM; an enslaved interface keeps its own address in bonding_slave.
std::vector<std::string> permanent_macs(const std::string& net) {
    std::vector<std::string> out;
    for (const std::string& name : list(net)) {
        const std::string base = net + "/" + name;
        if (!exists(base + "/device")) continue;
        std::string mac = word_of(base + "/bonding_slave/perm_hwaddr");
        if (mac.empty() && word_of(base + "/addr_assign_type") == "0") {
            mac = word_of(base + "/address");
        }
        if (mac.size() == 17 && mac != "00:00:00:00:00:00") out.push_back(to_lower_ascii(mac));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

// SCSI's unit serial number page: four bytes of head, then text.
std::string vpd_serial(const std::string& path) {
    const std::string page = read_small_file(path, 256);
    return page.size() > 4 ? std::string(trim(sanitise(page.substr(4)))) : std::string();
}

std::string disk_serial(const std::string& block) {
    for (const char* name : {"/serial", "/device/serial"}) {
        if (std::string serial = word_of(block + name); !serial.empty()) return serial;
    }
    if (std::string serial = vpd_serial(block + "/device/vpd_pg80"); !serial.empty()) {
        return serial;
    }
    return word_of(block + "/device/wwid");
}

// Follows a partition to its disk and a mapped device to what it is made of.
std::string serial_below(std::string block, int depth = 0) {
    if (depth > 4) return {};
    if (exists(block + "/partition")) block += "/..";
    if (std::string serial = disk_serial(block); !serial.empty()) return serial;
    const std::vector<std::string> slaves = list(block + "/slaves");
    if (slaves.size() != 1) return {};  // of several disks none names the machine
    char real[PATH_MAX];
    const std::string slave = block + "/slaves/" + slaves.front();
    return ::realpath(slave.c_str(), real) == nullptr ? std::string()
                                                      : serial_below(real, depth + 1);
}

std::string root_disk_serial(const std::string& root) {
    KernelFile mountinfo(root + "proc/self/mountinfo", KernelFile::Records::many);
    const auto text = mountinfo.read();
    if (!text) return {};
    std::string number;
    for (const Mount& mount : parse_mountinfo(*text)) {
        if (mount.point == "/") number = mount.device_number;
    }
    char real[PATH_MAX];
    const std::string link = root + "sys/dev/block/" + number;
    if (number.empty() || ::realpath(link.c_str(), real) == nullptr) return {};
    return serial_below(real);
}

void read_dmi(const std::string& root, Facts& facts) {
    const std::string dmi = root + "sys/class/dmi/id/";
    facts.manufacturer = word_of(dmi + "sys_vendor");
    facts.model = word_of(dmi + "product_name");
    facts.serial = word_of(dmi + "product_serial");
    facts.smbios_uuid = to_lower_ascii(word_of(dmi + "product_uuid"));
    facts.baseboard_serial = word_of(dmi + "board_serial");
    if (facts.model.empty()) facts.model = word_of(root + "proc/device-tree/model");  // ARM
    if (facts.serial.empty()) facts.serial = word_of(root + "proc/device-tree/serial-number");
}

// What cloud-init found out at boot; on EC2's own hypervisor the board says it as well.
void read_cloud(const std::string& root, Facts& facts) {
    constexpr std::array<std::string_view, 5> not_clouds{"", "none", "nocloud", "configdrive",
                                                         "fallback"};
    const std::string cloud = word_of(root + "run/cloud-init/cloud-id");
    if (std::find(not_clouds.begin(), not_clouds.end(), cloud) == not_clouds.end()) {
        facts.cloud_provider = cloud;
        facts.cloud_instance_id = word_of(root + "run/cloud-init/.instance-id");
    }
    const std::string board = word_of(root + "sys/class/dmi/id/board_asset_tag");
    if (facts.manufacturer == "Amazon EC2" && board.starts_with("i-")) {
        facts.cloud_provider = "aws";
        facts.cloud_instance_id = board;
    }
    if (facts.cloud_instance_id.empty()) facts.cloud_provider.clear();
}

std::string unquote(std::string_view value) {
    value = trim(value);
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    if (quoted) value = value.substr(1, value.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        out += value[i];
    }
    return sanitise(out);
}

}  // namespace

std::pair<std::string, std::string> parse_os_release(std::string_view text) {
    std::string name;
    std::string version;
    std::string codename;
    std::string_view line;
    while (next_line(text, line)) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = line.substr(0, equals);
        if (key == "NAME") name = unquote(line.substr(equals + 1));
        if (key == "VERSION_ID") version = unquote(line.substr(equals + 1));
        if (key == "VERSION_CODENAME") codename = unquote(line.substr(equals + 1));
    }
    return {name, version.empty() ? codename : version};
}

std::string virtualisation_of(const std::string& root) {
    if (exists(root + "run/.containerenv") || exists(root + ".dockerenv") ||
        exists(root + "run/systemd/container")) {
        return "container";
    }
    const std::string dmi = root + "sys/class/dmi/id/";
    const std::string vendor = word_of(dmi + "sys_vendor") + " " + word_of(dmi + "product_name");
    constexpr std::array<std::pair<std::string_view, const char*>, 10> names{{
        {"VMware", "vmware"},
        {"VirtualBox", "virtualbox"},
        {"innotek", "virtualbox"},
        {"Microsoft Corporation Virtual", "hyper-v"},
        {"QEMU", "kvm"},
        {"KVM", "kvm"},
        {"Amazon EC2", "kvm"},
        {"Google Compute", "kvm"},
        {"OpenStack", "kvm"},
        {"Parallels", "parallels"},
    }};
    for (const auto& [part, name] : names) {
        if (vendor.find(part) != std::string::npos) return name;
    }
    if (std::string type = word_of(root + "sys/hypervisor/type"); !type.empty()) return type;
    // The CPU says that there is a hypervisor, nothing says which.
    const std::string cpu = read_small_file(root + "proc/cpuinfo", 16 * 1024);
    const std::size_t flags = cpu.find("\nflags");
    if (flags == std::string::npos) return {};
    const std::string line = cpu.substr(flags + 1, cpu.find('\n', flags + 1) - flags - 1) + " ";
    return line.find(" hypervisor ") != std::string::npos ? "virtual" : "";
}

std::string boot_id_of(const std::string& root) {
    return word_of(root + "proc/sys/kernel/random/boot_id");
}

std::int64_t uptime_s_of(const std::string& root) {
    const std::string text = word_of(root + "proc/uptime");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc{} ? std::max<std::int64_t>(seconds, 0) : 0;
}

Facts collect_facts(const std::string& root, const std::string& agent_version) {
    Facts facts;
    utsname system{};
    if (::uname(&system) == 0) {
        facts.kernel = system.release;
        facts.architecture = system.machine;
    }
    facts.hostname = word_of(root + "proc/sys/kernel/hostname");
    if (facts.hostname.find('.') != std::string::npos) facts.fqdn = facts.hostname;
    read_dmi(root, facts);
    read_cloud(root, facts);
    facts.machine_id = word_of(root + "etc/machine-id");
    facts.root_disk_serial = root_disk_serial(root);
    facts.macs = permanent_macs(root + "sys/class/net");
    std::string release = read_small_file(root + "etc/os-release");
    if (release.empty()) release = read_small_file(root + "usr/lib/os-release");
    std::tie(facts.os_name, facts.os_version) = parse_os_release(release);
    facts.virtualisation = virtualisation_of(root);
    KernelFile stat(root + "proc/stat");
    if (const auto text = stat.read()) facts.cpu_count = count_cpus(*text);
    KernelFile meminfo(root + "proc/meminfo");
    if (const auto text = meminfo.read()) {
        if (const auto info = parse_meminfo(*text)) facts.memory_bytes = info->total_bytes;
    }
    facts.agent_version = agent_version;
    return facts;
}

}  // namespace gantry::agent
