#include "tests/bench/process_cost.hpp"

#include <sys/utsname.h>

#include <filesystem>
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
    std::int64_t total_ns = 0;
    std::error_code error;
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
        std::ifstream file(task.path() / "schedstat");
        std::int64_t ns = 0;
        file >> ns;
        total_ns += ns;
    }
    return static_cast<double>(total_ns) / 1e9;
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
