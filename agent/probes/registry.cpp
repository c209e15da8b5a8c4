// Probe names to probes. Quick sources get their awaitable coat here.
#include <unistd.h>

#include <algorithm>

#include "agent/checks/glob.hpp"
#include "agent/probes/cpu.hpp"
#include "agent/probes/disk_io.hpp"
#include "agent/probes/filesystem.hpp"
#include "agent/probes/kernel_file.hpp"
#include "agent/probes/load.hpp"
#include "agent/probes/memory.hpp"
#include "agent/probes/network.hpp"
#include "agent/probes/plugin.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/process_table.hpp"
#include "agent/probes/top_processes.hpp"
#include "agent/probes/unit.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;

class QuickProbe final : public Probe {
public:
    QuickProbe(std::string name, std::unique_ptr<Source> source, TopProcesses top)
        : name_(std::move(name)), source_(std::move(source)), top_(std::move(top)) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    asio::awaitable<Result<Measurement>> read() override { co_return source_->read(); }
    asio::awaitable<Labels> evidence(std::string metric, std::string instance) override {
        Labels out = source_->evidence(metric, instance);
        const Labels top = co_await top_.look();
        out.insert(out.end(), top.begin(), top.end());
        co_return out;
    }

private:
    std::string name_;
    std::unique_ptr<Source> source_;
    TopProcesses top_;
};

class AbsentProbe final : public Probe {
public:
    explicit AbsentProbe(std::string name) : name_(std::move(name)) {}

    [[nodiscard]] const std::string& name() const override { return name_; }
    asio::awaitable<Result<Measurement>> read() override {
        co_return fail(ErrorCode::not_found, "no probe is called \"" + name_ + "\"");
    }
    asio::awaitable<Labels> evidence(std::string, std::string) override { co_return Labels{}; }

private:
    std::string name_;
};

std::vector<std::string> patterns_of(const std::vector<CheckPolicy>& checks) {
    std::vector<std::string> out;
    for (const CheckPolicy& check : checks) {
        out.insert(out.end(), check.include.begin(), check.include.end());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::unique_ptr<Source> make_source(const std::string& name, const Platform& platform,
                                    const Clock& clock, const std::vector<CheckPolicy>& checks) {
    if (name == "cpu") return make_cpu_source(platform.proc);
    if (name == "memory") return make_memory_source(platform.proc);
    if (name == "swap") return make_swap_source(platform.proc);
    if (name == "load") {
        KernelFile stat(platform.proc + "/stat");
        const auto text = stat.read();
        return make_load_source(platform.proc, text ? count_cpus(*text) : 1);
    }
    if (name == "uptime") return make_uptime_source(platform.proc);
    if (name == "disk_io") return make_disk_io_source(platform.proc, clock);
    if (name == "network") return make_network_source(platform.proc, clock);
    if (name == "process") return make_process_source(platform.proc, patterns_of(checks));
    return nullptr;
}

TopProcesses::By top_of(const std::string& name) {
    if (name == "cpu" || name == "load") return TopProcesses::By::cpu;
    if (name == "memory" || name == "swap") return TopProcesses::By::memory;
    return TopProcesses::By::nothing;
}

}  // namespace

std::unique_ptr<Probe> make_probe(const Platform& platform, const Clock& clock,
                                  asio::any_io_executor executor, const Commons& commons,
                                  const std::vector<CheckPolicy>& checks) {
    const std::string name = checks.empty() ? std::string() : checks.front().probe;
    if (name == "plugin") return make_plugin_probe(checks.front(), commons.commands);
    if (name == "filesystem") {
        FilesystemOptions options;
        options.mountinfo = platform.proc + "/self/mountinfo";
        for (std::string& pattern : patterns_of(checks)) {
            if (!has_wildcard(pattern)) options.named.push_back(std::move(pattern));
        }
        return make_filesystem_probe(std::move(executor), std::move(options), &::statvfs,
                                     commons.hung_mounts);
    }
    if (name == "unit") {
        SystemdOptions options;
        options.run = platform.run;
        auto lister = make_systemd_lister(std::move(executor), std::move(options));
        return make_unit_probe(std::move(lister), patterns_of(checks));
    }
    auto source = make_source(name, platform, clock, checks);
    if (!source) return std::make_unique<AbsentProbe>(name);
    return std::make_unique<QuickProbe>(name, std::move(source),
                                        TopProcesses(platform.proc, top_of(name)));
}

}  // namespace gantry::agent
