#include "tests/bench/process_cost.hpp"

#include <sys/utsname.h>
#include <time.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace gantry::bench {
namespace {

std::string field(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            const auto colon = line.find(':');
            const auto start = line.find_first_not_of(" \t", colon + 1);
            return start == std::string::npos ? "" : line.substr(start);
        }
    }
    return "";
}

}  // namespace

double cpu_seconds(pid_t pid) {
    clockid_t clock{};
    timespec spent{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) return 0;
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

Memory memory_of(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
    const auto kib = [&](const char* name) {
        const std::string text = field(path, name);
        return text.empty() ? 0 : std::stoll(text);
    };
    return {kib("Rss"), kib("Pss:"), kib("Private_Dirty")};
}

std::string machine() {
    utsname system{};
    ::uname(&system);
    std::ostringstream out;
    out << field("/proc/cpuinfo", "model name") << ", " << std::thread::hardware_concurrency()
        << " CPUs, " << std::stoll(field("/proc/meminfo", "MemTotal")) / (1024 * 1024) << " GiB, "
        << system.sysname << " " << system.release;
    return out.str();
}

}  // namespace gantry::bench
