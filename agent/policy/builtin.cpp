// In code and not as YAML, so that an agent without a policy need not load a YAML parser.
#include "agent/policy/policy_store.hpp"

namespace gantry::agent {
namespace {

constexpr Millis seconds(std::int64_t s) { return Millis{s * 1000}; }

CheckPolicy check(const char* id, const char* probe, const char* metric, Threshold threshold,
                  Millis hold_for = Millis{0}) {
    CheckPolicy out;
    out.id = id;
    out.probe = probe;
    out.metric = metric;
    out.threshold = threshold;
    out.hold_for = hold_for;
    return out;
}

Threshold above(std::optional<double> warning, std::optional<double> critical,
                std::optional<double> clear_warning, std::optional<double> clear_critical) {
    Threshold out;
    out.warning = warning;
    out.critical = critical;
    out.clear_warning = clear_warning;
    out.clear_critical = clear_critical;
    return out;
}

}  // namespace

Policy builtin_policy() {
    const std::vector<std::string> plumbing{"/snap/*", "/var/lib/snapd/*", "/boot/efi",
                                            "/run/*",  "/dev/*",           "/var/lib/docker/*"};
    Policy policy;
    policy.name = "default";
    auto& checks = policy.checks;
    checks.push_back(check("cpu", "cpu", "system.cpu.utilization",
                           above(0.95, std::nullopt, 0.85, std::nullopt), seconds(300)));
    checks.push_back(check("load", "load", "system.cpu.load_average.5m.per_cpu", above(4, 8, 3, 6),
                           seconds(600)));
    checks.push_back(check("memory", "memory", "system.memory.utilization",
                           above(0.90, 0.95, 0.85, 0.92), seconds(120)));
    checks.push_back(check("swap", "swap", "system.paging.utilization",
                           above(0.80, 0.95, 0.70, 0.90), seconds(300)));
    checks.push_back(check("filesystem", "filesystem", "system.filesystem.utilization",
                           above(0.85, 0.95, 0.83, 0.93)));
    checks.back().exclude = plumbing;
    checks.push_back(check("inodes", "filesystem", "system.filesystem.inodes.utilization",
                           above(0.90, 0.97, 0.88, 0.95)));
    checks.back().exclude = plumbing;
    checks.push_back(check("disk-io", "disk_io", "system.disk.io_utilization",
                           above(0.98, std::nullopt, 0.90, std::nullopt), seconds(900)));
    checks.back().exclude = {"loop*", "ram*", "zram*", "sr*", "dm-*", "md*"};
    checks.push_back(check("network-errors", "network", "system.network.errors",
                           above(10, std::nullopt, 1, std::nullopt), seconds(300)));
    checks.back().exclude = {"lo", "veth*", "docker*", "br-*", "virbr*"};
    checks.push_back(check("failed-units", "unit", "systemd.units.failed",
                           above(1, std::nullopt, std::nullopt, std::nullopt), seconds(60)));
    checks.back().every = seconds(60);
    return policy;
}

}  // namespace gantry::agent
