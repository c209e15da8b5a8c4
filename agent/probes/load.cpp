#include "agent/probes/load.hpp"

#include <algorithm>

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

class LoadSource final : public Source {
public:
    LoadSource(const std::string& proc, int cpus)
        : file_(proc + "/loadavg"), cpus_(std::max(cpus, 1)) {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto load = parse_loadavg(*text);
        if (!load) return load.error();
        constexpr std::array names{"system.cpu.load_average.1m", "system.cpu.load_average.5m",
                                   "system.cpu.load_average.15m"};
        Measurement out;
        for (std::size_t i = 0; i < names.size(); ++i) {
            out.readings.push_back({names[i], "", (*load)[i]});
            out.readings.push_back({std::string(names[i]) + ".per_cpu", "", (*load)[i] / cpus_});
        }
        return out;
    }

    Labels evidence(std::string_view, std::string_view) override {
        return {{"cpus", std::to_string(cpus_)}};
    }

private:
    KernelFile file_;
    int cpus_;
};

class UptimeSource final : public Source {
public:
    explicit UptimeSource(const std::string& proc) : file_(proc + "/uptime") {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto uptime = parse_uptime(*text);
        if (!uptime) return uptime.error();
        Measurement out;
        out.readings.push_back({"system.uptime", "", *uptime});
        return out;
    }

private:
    KernelFile file_;
};

}  // namespace

Result<std::array<double, 3>> parse_loadavg(std::string_view proc_loadavg) {
    std::array<double, 3> out{};
    for (double& value : out) {
        const auto word = to_real(next_word(proc_loadavg));
        if (!word) return fail(ErrorCode::corrupt, "/proc/loadavg: not three numbers");
        value = *word;
    }
    return out;
}

Result<double> parse_uptime(std::string_view proc_uptime) {
    const auto seconds = to_real(next_word(proc_uptime));
    if (!seconds) return fail(ErrorCode::corrupt, "/proc/uptime: no number");
    return *seconds;
}

std::unique_ptr<Source> make_load_source(const std::string& proc, int cpus) {
    return std::make_unique<LoadSource>(proc, cpus);
}

std::unique_ptr<Source> make_uptime_source(const std::string& proc) {
    return std::make_unique<UptimeSource>(proc);
}

}  // namespace gantry::agent
