#include "agent/probes/process_table.hpp"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

#include "agent/checks/glob.hpp"
#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

struct DirectoryCloser {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::int64_t> list_pids(const std::string& proc) {
    std::vector<std::int64_t> out;
    const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(proc.c_str()));
    if (!directory) return out;
    while (const dirent* entry = ::readdir(directory.get())) {
        const auto pid = to_integer(entry->d_name);
        if (pid && out.size() < k_max_processes) out.push_back(*pid);
    }
    return out;
}

std::string label(std::size_t place) { return "top_process_" + std::to_string(place + 1); }

std::string command_line(const std::string& proc, std::int64_t pid) {
    std::string text = read_small_file(proc + "/" + std::to_string(pid) + "/cmdline", 4096);
    std::replace(text.begin(), text.end(), '\0', ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

class ProcessSource final : public Source {
public:
    ProcessSource(std::string proc, std::vector<std::string> patterns)
        : proc_(std::move(proc)), patterns_(std::move(patterns)) {
        needs_command_line_ = std::any_of(patterns_.begin(), patterns_.end(), is_command_pattern);
    }

    Result<Measurement> read() override {
        const std::vector<ProcessRow> rows = read_process_table(proc_);
        if (rows.empty()) return fail(ErrorCode::unavailable, proc_ + ": no process can be seen");
        std::vector<std::int64_t> counts(patterns_.size());
        for (const ProcessRow& row : rows) {
            if (row.state == 'Z' || row.state == 'X') continue;
            const std::string command = needs_command_line_ ? command_line(proc_, row.pid) : "";
            for (std::size_t i = 0; i < patterns_.size(); ++i) {
                const bool by_command = is_command_pattern(patterns_[i]);
                if (matches(patterns_[i], by_command ? command : row.name)) ++counts[i];
            }
        }
        Measurement out;
        out.readings.push_back({"system.process.total", "", static_cast<double>(rows.size())});
        for (std::size_t i = 0; i < patterns_.size(); ++i) {
            out.readings.push_back(
                {"system.process.count", patterns_[i], static_cast<double>(counts[i])});
        }
        return out;
    }

private:
    static bool is_command_pattern(const std::string& pattern) {
        return pattern.find('/') != std::string::npos;
    }
    // The kernel cuts names to 15 bytes; a longer plain name is compared with what is left of it.
    static bool matches(const std::string& pattern, const std::string& text) {
        if (glob_match(pattern, text)) return true;
        constexpr std::size_t k_comm_bytes = 15;
        return !has_wildcard(pattern) && text.size() == k_comm_bytes &&
               pattern.compare(0, k_comm_bytes, text) == 0;
    }

    std::string proc_;
    std::vector<std::string> patterns_;
    bool needs_command_line_ = false;
};

}  // namespace

std::optional<ProcessRow> parse_process_stat(std::string_view proc_pid_stat) {
    const std::size_t open = proc_pid_stat.find('(');
    const std::size_t close = proc_pid_stat.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    std::string_view head = proc_pid_stat.substr(0, open);
    const auto pid = to_integer(next_word(head));
    std::string_view rest = proc_pid_stat.substr(close + 1);
    const std::string_view state = next_word(rest);
    std::array<std::int64_t, 21> fields{};  // proc(5): fields 4 (ppid) to 24 (rss)
    for (std::int64_t& field : fields) field = to_integer(next_word(rest)).value_or(0);
    if (!pid || state.size() != 1) return std::nullopt;
    ProcessRow row;
    row.pid = *pid;
    row.name = std::string(proc_pid_stat.substr(open + 1, close - open - 1));
    row.state = state[0];
    row.cpu_ticks = fields[10] + fields[11];  // utime 14, stime 15
    row.start_ticks = fields[18];             // 22
    row.resident_pages = fields[20];          // 24
    return row;
}

std::vector<ProcessRow> read_process_table(const std::string& proc) {
    std::vector<ProcessRow> rows;
    for (const std::int64_t pid : list_pids(proc)) {
        const std::string text = read_small_file(proc + "/" + std::to_string(pid) + "/stat", 1024);
        if (auto row = parse_process_stat(text)) rows.push_back(std::move(*row));
    }
    return rows;
}

Labels top_by_memory(const std::vector<ProcessRow>& rows, std::size_t count,
                     std::int64_t page_bytes) {
    std::vector<const ProcessRow*> order;
    order.reserve(rows.size());
    for (const ProcessRow& row : rows) order.push_back(&row);
    count = std::min(count, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end(), [](const ProcessRow* a, const ProcessRow* b) {
                          return a->resident_pages > b->resident_pages;
                      });
    Labels out;
    for (std::size_t i = 0; i < count; ++i) {
        const ProcessRow& row = *order[i];
        out.emplace_back(label(i), row.name + " (" + std::to_string(row.pid) + ") " +
                                       std::to_string(row.resident_pages * page_bytes >> 20) +
                                       " MiB");
    }
    return out;
}

Labels top_by_cpu(const std::vector<ProcessRow>& before, const std::vector<ProcessRow>& after,
                  std::size_t count, double seconds, std::int64_t ticks_per_second) {
    std::unordered_map<std::int64_t, const ProcessRow*> earlier;
    for (const ProcessRow& row : before) earlier[row.pid] = &row;
    std::vector<std::pair<std::int64_t, const ProcessRow*>> used;
    for (const ProcessRow& row : after) {
        const auto found = earlier.find(row.pid);
        const bool same = found != earlier.end() && found->second->start_ticks == row.start_ticks;
        const std::int64_t ticks = row.cpu_ticks - (same ? found->second->cpu_ticks : 0);
        if (ticks > 0) used.emplace_back(ticks, &row);
    }
    count = std::min(count, used.size());
    std::partial_sort(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(count), used.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    Labels out;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [ticks, row] = used[i];
        char share[32];
        std::snprintf(
            share, sizeof share, "%.0f",
            100 * static_cast<double>(ticks) / (static_cast<double>(ticks_per_second) * seconds));
        out.emplace_back(
            label(i), row->name + " (" + std::to_string(row->pid) + ") " + share + " % of a CPU");
    }
    return out;
}

std::unique_ptr<Source> make_process_source(const std::string& proc,
                                            std::vector<std::string> patterns) {
    return std::make_unique<ProcessSource>(proc, std::move(patterns));
}

}  // namespace gantry::agent
