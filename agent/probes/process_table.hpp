// The process table of /proc: names, CPU time and memory of every process. Used by the process
// probe and for the evidence of CPU and memory breaches ("who is it?").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

struct ProcessRow {
    std::int64_t pid = 0;
    std::string name;  // comm, at most 15 bytes
    char state = '?';
    std::int64_t cpu_ticks = 0;
    std::int64_t resident_pages = 0;
    std::int64_t start_ticks = 0;  // with the pid it names a process for good
};

// Nullopt: not a /proc/PID/stat. The name may hold blanks and brackets.
std::optional<ProcessRow> parse_process_stat(std::string_view proc_pid_stat);
// At most k_max_processes rows; processes that end meanwhile are left out.
inline constexpr std::size_t k_max_processes = 32'768;
std::vector<ProcessRow> read_process_table(const std::string& proc);

// "postgres (4711) 812 MiB"
Labels top_by_memory(const std::vector<ProcessRow>& rows, std::size_t count,
                     std::int64_t page_bytes);
// Between two tables `seconds` apart: "stress (99) 98 % of a CPU".
Labels top_by_cpu(const std::vector<ProcessRow>& before, const std::vector<ProcessRow>& after,
                  std::size_t count, double seconds, std::int64_t ticks_per_second);

// process: system.process.count with one instance per pattern of `patterns`, matched against the
// name, and for patterns with a "/" against the command line. Zombies do not run.
std::unique_ptr<Source> make_process_source(const std::string& proc,
                                            std::vector<std::string> patterns);

}  // namespace gantry::agent
