#include "agent/probes/cpu.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

class CpuSource final : public Source {
public:
    explicit CpuSource(const std::string& proc) : stat_(proc + "/stat") {}

    Result<Measurement> read() override {
        const auto text = stat_.read();
        if (!text) return text.error();
        const auto now = parse_cpu_times(*text);
        if (!now) return now.error();
        Measurement out;
        if (last_ && now->total > last_->total) {
            const auto total = static_cast<double>(now->total - last_->total);
            const auto ratio = [total](std::int64_t after, std::int64_t before) {
                return std::clamp(static_cast<double>(after - before) / total, 0.0, 1.0);
            };
            out.readings.push_back({"system.cpu.utilization", "", ratio(now->busy, last_->busy)});
            out.readings.push_back({"system.cpu.iowait", "", ratio(now->iowait, last_->iowait)});
        } else if (!last_) {
            out.gaps.push_back({"", k_first_look});
        } else {
            out.gaps.push_back({"", now->total < last_->total ? k_counters_went_back
                                                              : "the CPU's clock does not tick"});
        }
        last_ = *now;
        return out;
    }

private:
    KernelFile stat_;
    std::optional<CpuTimes> last_;
};

}  // namespace

Result<CpuTimes> parse_cpu_times(std::string_view proc_stat) {
    std::string_view line;
    if (!next_line(proc_stat, line) || next_word(line) != "cpu") {
        return fail(ErrorCode::corrupt, "/proc/stat: no cpu line");
    }
    // user nice system idle iowait irq softirq steal; guest times are part of user and nice.
    std::array<std::int64_t, 8> ticks{};
    int count = 0;
    for (std::int64_t& tick : ticks) {
        const auto value = to_integer(next_word(line));
        if (!value) break;
        tick = *value;
        ++count;
    }
    if (count < 4) return fail(ErrorCode::corrupt, "/proc/stat: cpu line too short");
    CpuTimes out;
    for (const std::int64_t tick : ticks) out.total += tick;
    out.iowait = ticks[4];
    out.busy = out.total - ticks[3] - ticks[4];
    return out;
}

int count_cpus(std::string_view proc_stat) {
    int count = 0;
    std::string_view line;
    while (next_line(proc_stat, line)) {
        if (line.size() > 3 && line.starts_with("cpu") && line[3] >= '0' && line[3] <= '9') ++count;
    }
    return count;
}

std::unique_ptr<Source> make_cpu_source(const std::string& proc) {
    return std::make_unique<CpuSource>(proc);
}

}  // namespace gantry::agent
