// The pure parsers, on text captured from Debian machines, and on what is none.
#include <catch2/catch.hpp>

#include "agent/inventory/facts.hpp"
#include "agent/probes/cpu.hpp"
#include "agent/probes/disk_io.hpp"
#include "agent/probes/filesystem.hpp"
#include "agent/probes/load.hpp"
#include "agent/probes/memory.hpp"
#include "agent/probes/network.hpp"
#include "agent/probes/plugin.hpp"
#include "agent/probes/process_table.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

const Reading* find(const std::vector<Reading>& readings, const std::string& name) {
    for (const Reading& reading : readings) {
        if (reading.name == name) return &reading;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("parse cpu: busy is all but idle and iowait, guests are not counted twice") {
    const auto times = parse_cpu_times(
        "cpu  100 10 50 800 20 5 5 10 40 2\ncpu0 50 5 25 400 10 2 2 5 20 1\n"
        "cpu1 50 5 25 400 10 3 3 5 20 1\nintr 1\n");
    REQUIRE(times.has_value());
    CHECK(times->total == 1000);
    CHECK(times->iowait == 20);
    CHECK(times->busy == 180);
    CHECK(count_cpus("cpu  1 1 1 1\ncpu0 1\ncpu1 1\nctxt 9\n") == 2);
    CHECK_FALSE(parse_cpu_times("").has_value());
    CHECK_FALSE(parse_cpu_times("cpu  1 2\n").has_value());
    CHECK_FALSE(parse_cpu_times("intr 5 6 7 8\n").has_value());
}

TEST_CASE("parse memory: MemAvailable where the kernel has it, an estimate where not") {
    const auto info = parse_meminfo(
        "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    9000000 kB\n"
        "Buffers: 1 kB\nCached: 2 kB\nSwapTotal:       2000000 kB\nSwapFree:        500000 kB\n");
    REQUIRE(info.has_value());
    CHECK(info->total_bytes == 16'000'000LL * 1024);
    CHECK(info->available_bytes == 9'000'000LL * 1024);
    CHECK(info->swap_total_bytes == 2'000'000LL * 1024);
    CHECK(info->swap_free_bytes == 500'000LL * 1024);
    const auto old =
        parse_meminfo("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\n");
    REQUIRE(old.has_value());
    CHECK(old->available_bytes == 35 * 1024);
    CHECK_FALSE(parse_meminfo("nothing").has_value());
}

TEST_CASE("parse load and uptime: three numbers, one number, or an error") {
    const auto load = parse_loadavg("0.52 1.25 10.00 1/234 5678\n");
    REQUIRE(load.has_value());
    CHECK((*load)[0] == Approx(0.52));
    CHECK((*load)[2] == Approx(10.0));
    CHECK_FALSE(parse_loadavg("0.52 x").has_value());
    CHECK(*parse_uptime("12345.67 23456.00\n") == Approx(12345.67));
    CHECK_FALSE(parse_uptime("").has_value());
}

TEST_CASE("parse disks: counters of the kernel's documented fields; whole disks only count") {
    const auto disks = parse_diskstats(
        "   8       0 sda 100 1 2000 30 200 2 4000 60 0 70 90 0 0 0 0 0 0\n"
        "   8       1 sda1 1 1 1 1 1 1 1 1 0 1 1\n broken\n");
    REQUIRE(disks.size() == 2);
    CHECK(disks[0].device == "sda");
    CHECK(disks[0].operations == 300);
    CHECK(disks[0].read_bytes == 2000 * 512);
    CHECK(disks[0].written_bytes == 4000 * 512);
    CHECK(disks[0].busy_ms == 70);
    for (const char* name : {"sda", "vdb", "xvda", "nvme0n1", "mmcblk0", "md127", "dm-3"}) {
        CHECK(is_whole_disk(name));
    }
    for (const char* name :
         {"sda1", "nvme0n1p2", "mmcblk0p1", "loop0", "ram1", "sr0", "zram0", ""}) {
        CHECK_FALSE(is_whole_disk(name));
    }
}

TEST_CASE("parse network: both directions of each interface, names glued to numbers") {
    const auto links = parse_net_dev(
        "Inter-|   Receive   |  Transmit\n face |bytes    packets errs drop\n"
        "    lo:    3267      29    0    0    0     0          0         0     3267      29    0   "
        " 0"
        "    0     0       0          0\n"
        "eth0:47585362    1237    3    4    0     0          0         0    51285     581    5    6"
        "    0     0       0          0\n");
    REQUIRE(links.size() == 2);
    CHECK(links[1].name == "eth0");
    CHECK(links[1].received_bytes == 47585362);
    CHECK(links[1].transmitted_bytes == 51285);
    CHECK(links[1].errors == 8);
    CHECK(links[1].dropped == 10);
}

TEST_CASE("parse process: a name may hold blanks and brackets") {
    const auto row = parse_process_stat(
        "4711 (a) b (c) S 1 4711 4711 0 -1 4194560 1 2 0 0 150 50 0 0 20 0 1 0 2400 52555776 4929 "
        "18446744073709551615 1 1");
    REQUIRE(row.has_value());
    CHECK(row->pid == 4711);
    CHECK(row->name == "a) b (c");
    CHECK(row->state == 'S');
    CHECK(row->cpu_ticks == 200);
    CHECK(row->start_ticks == 2400);
    CHECK(row->resident_pages == 4929);
    CHECK_FALSE(parse_process_stat("").has_value());
    CHECK_FALSE(parse_process_stat("12 no brackets").has_value());
}

TEST_CASE("top processes: by memory, and by CPU between two looks at the same process") {
    ProcessRow one{1, "postgres", 'S', 1000, 25'600, 5};
    ProcessRow two{2, "nginx", 'S', 10, 256, 5};
    const Labels memory = top_by_memory({two, one}, 1, 4096);
    REQUIRE(memory.size() == 1);
    CHECK(memory[0].second == "postgres (1) 100 MiB");
    ProcessRow busy = two;
    busy.cpu_ticks = 60;
    ProcessRow reborn = one;  // the pid was given again: its old time is not its own
    reborn.start_ticks = 9;
    reborn.cpu_ticks = 20;
    const Labels cpu = top_by_cpu({one, two}, {reborn, busy}, 3, 0.5, 100);
    REQUIRE(cpu.size() == 2);
    CHECK(cpu[0].second == "nginx (2) 100 % of a CPU");
    CHECK(cpu[1].second == "postgres (1) 40 % of a CPU");
}

TEST_CASE("mounts: escapes, optional fields and read-only in mount or super block") {
    const auto mounts = parse_mountinfo(
        "36 35 98:0 /mnt1 /mnt/my\\040disk rw,noatime master:1 shared:2 - ext4 /dev/root rw\n"
        "37 35 8:1 / /boot ro,relatime - ext2 /dev/sda1 rw\n"
        "38 35 8:2 / /data rw - xfs /dev/sda2 ro,attr2\nnonsense\n");
    REQUIRE(mounts.size() == 3);
    CHECK(mounts[0].point == "/mnt/my disk");
    CHECK(mounts[0].type == "ext4");
    CHECK(mounts[0].source == "/dev/root");
    CHECK_FALSE(mounts[0].read_only);
    CHECK(mounts[1].read_only);
    CHECK(mounts[2].read_only);
}

TEST_CASE("mounts: pseudo, network and plumbing are left out unless named") {
    const auto mount = [](const char* number, const char* point, const char* type) {
        return Mount{number, point, type, "src", false};
    };
    const std::vector<Mount> all{
        mount("0:1", "/proc", "proc"),     mount("8:1", "/", "ext4"),
        mount("0:2", "/net", "nfs4"),      mount("0:3", "/backup", "cifs"),
        mount("0:4", "/tmp", "tmpfs"),     mount("0:5", "/sys/fs/cgroup", "tmpfs"),
        mount("8:1", "/var/bind", "ext4"), mount("8:9", "/srv", "xfs"),
        mount("8:7", "/srv", "btrfs")};
    std::vector<std::string> points;
    for (const Mount& one : select_mounts(all, {"/backup"})) points.push_back(one.point);
    CHECK(points == std::vector<std::string>{"/", "/backup", "/tmp", "/srv"});
    CHECK(select_mounts(all, {}).back().type == "btrfs");
}

TEST_CASE("filesystem readings: full as df counts it, inodes only where there are some") {
    struct statvfs answer {};
    answer.f_frsize = 4096;
    answer.f_blocks = 1000;
    answer.f_bfree = 300;
    answer.f_bavail = 250;  // 50 are for root
    Measurement out;
    append_filesystem_readings({"8:1", "/", "ext4", "/dev/sda1", true}, answer, out);
    CHECK(find(out.readings, "system.filesystem.utilization")->value == Approx(700.0 / 950));
    CHECK(find(out.readings, "system.filesystem.free")->value == Approx(250.0 * 4096));
    CHECK(find(out.readings, "system.filesystem.inodes.utilization") == nullptr);
    CHECK(find(out.readings, "system.filesystem.read_only")->value == 1);
    answer.f_files = 100;
    answer.f_ffree = 25;
    Measurement with_inodes;
    append_filesystem_readings({"8:1", "/", "ext4", "", false}, answer, with_inodes);
    CHECK(find(with_inodes.readings, "system.filesystem.inodes.utilization")->value ==
          Approx(0.75));
    Measurement empty;
    append_filesystem_readings({"0:1", "/x", "tmpfs", "", false}, {}, empty);
    CHECK(empty.readings.empty());
}

TEST_CASE("plugin output: text, performance data with units, quotes and long output") {
    const auto output = parse_plugin_output(
        "DISK OK - free space: / 3326 MB (56%) | /=2643MB;5948;5958;0;5968 'a ''b'''=56%;;;;\n"
        "/ 15272 MB (77%)\n/boot 68 MB | /boot=68MB;88;93\nt=12ms broken = x=\n");
    CHECK(output.text == "DISK OK - free space: / 3326 MB (56%)");
    REQUIRE(output.readings.size() == 4);
    CHECK(output.readings[0].name == "plugin./");
    CHECK(output.readings[0].value == Approx(2643e6));
    CHECK(output.readings[1].name == "plugin.a 'b'");
    CHECK(output.readings[1].value == Approx(0.56));
    CHECK(output.readings[2].name == "plugin./boot");
    CHECK(output.readings[3].value == Approx(0.012));
    CHECK(parse_plugin_output("").text.empty());
    CHECK(parse_plugin_output("OK |").readings.empty());
    CHECK(parse_plugin_output("OK | =5 'x").readings.empty());
}

TEST_CASE("plugin verdict: exit codes 0 to 3; anything else is unknown with the reason") {
    const auto verdict = [](process::Outcome outcome) {
        return plugin_measurement(outcome).verdict.at(0);
    };
    process::Outcome outcome;
    outcome.out = "all is well\n";
    CHECK(verdict(outcome).condition == Condition::ok);
    CHECK(verdict(outcome).text == "all is well");
    outcome.exit_code = 1;
    CHECK(verdict(outcome).condition == Condition::warning);
    outcome.exit_code = 2;
    CHECK(verdict(outcome).condition == Condition::critical);
    outcome.exit_code = 3;
    CHECK(verdict(outcome).condition == Condition::unknown);
    outcome.exit_code = 127;
    CHECK(verdict(outcome).condition == Condition::unknown);
    CHECK(verdict(outcome).text == "exit code 127 is none of the plugin interface: all is well");
    outcome.end = process::Outcome::End::timed_out;
    CHECK(verdict(outcome).condition == Condition::unknown);
    outcome.end = process::Outcome::End::signalled;
    outcome.signal = 11;
    CHECK(verdict(outcome).text == "died of signal 11");
}

TEST_CASE("os-release: quotes and escapes are taken off") {
    const auto [name, version] =
        parse_os_release("PRETTY_NAME=x\nNAME=\"Debian \\\"GNU\\\"/Linux\"\nVERSION_ID='12'\n");
    CHECK(name == "Debian \"GNU\"/Linux");
    CHECK(version == "12");
    CHECK(parse_os_release("NAME=Debian\nVERSION_CODENAME=sid\n").second == "sid");
}
