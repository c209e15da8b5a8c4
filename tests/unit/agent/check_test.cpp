#include "agent/checks/check.hpp"

#include <catch2/catch.hpp>

#include "agent/checks/glob.hpp"
#include "agent/checks/wording.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

CheckPolicy disk() {
    CheckPolicy check;
    check.id = "filesystem";
    check.probe = "filesystem";
    check.metric = "system.filesystem.utilization";
    check.threshold.warning = 0.8;
    check.threshold.critical = 0.9;
    return check;
}

Observation value(double v) {
    Observation out;
    out.value = v;
    return out;
}
Observation missing(const std::string& reason = "no answer") {
    Observation out;
    out.reason = reason;
    return out;
}
Observation verdict(Condition condition) {
    Observation out;
    out.verdict = condition;
    return out;
}

// One look per second; "o w c u" of what is reported after each.
std::string walk(const CheckPolicy& check, const std::vector<Observation>& looks,
                 CheckMemory memory = {}) {
    std::string out;
    Millis now{0};
    for (const Observation& look : looks) {
        (void)judge(check, look, now, memory);
        out += "owcu"[static_cast<int>(memory.reported())];
        now += Millis{1000};
    }
    return out;
}

std::vector<Observation> values(std::initializer_list<double> list) {
    std::vector<Observation> out;
    for (const double v : list) out.push_back(value(v));
    return out;
}

}  // namespace

TEST_CASE("check: a limit counts from its very value on") {
    CHECK(walk(disk(), values({0.79, 0.8, 0.89, 0.9, 1.0})) == "owwcc");
}

TEST_CASE("check: below means strictly below") {
    CheckPolicy check = disk();
    check.threshold = {};
    check.threshold.below = true;
    check.threshold.warning = 10;
    check.threshold.critical = 5;
    CHECK(walk(check, values({11, 10, 9.9, 5, 4.9, 0})) == "oowwcc");
}

TEST_CASE("check: a condition clears only past its own clear threshold") {
    CheckPolicy check = disk();
    check.threshold.clear_warning = 0.7;
    check.threshold.clear_critical = 0.85;
    CHECK(walk(check, values({0.9, 0.86, 0.84, 0.75, 0.69, 0.75})) == "ccwwoo");
    // Straight from critical to below everything.
    CHECK(walk(check, values({0.95, 0.1})) == "co");
    // The critical clear threshold does not hold what is only a warning.
    CHECK(walk(check, values({0.85, 0.86})) == "ww");
}

TEST_CASE("check: clear thresholds work downwards as well") {
    CheckPolicy check = disk();
    check.threshold = {};
    check.threshold.below = true;
    check.threshold.critical = 5;
    check.threshold.clear_critical = 8;
    CHECK(walk(check, values({6, 4, 6, 7.9, 8})) == "occco");
}

TEST_CASE("check: a condition must last before it counts, recovery counts at once") {
    CheckPolicy check = disk();
    check.hold_for = Millis{3000};
    CHECK(walk(check, values({0.95, 0.95, 0.95, 0.95, 0.1, 0.95})) == "ooocoo");
    // An interruption begins the wait anew.
    CHECK(walk(check, values({0.95, 0.95, 0.1, 0.95, 0.95, 0.95, 0.95})) == "ooooooc");
    // Time at critical counts for warning, time at warning not for critical.
    CHECK(walk(check, values({0.85, 0.85, 0.95, 0.95, 0.95, 0.95})) == "ooowwc");
}

TEST_CASE("check: N of the last M readings must breach") {
    CheckPolicy check = disk();
    check.needed = 2;
    check.window = 3;
    CHECK(walk(check, values({0.95, 0.1, 0.95, 0.1, 0.1})) == "oocoo");
    CHECK(walk(check, values({0.85, 0.95, 0.1, 0.1})) == "owwo");
}

TEST_CASE("check: readings that are missing are unknown after three, never ok") {
    std::vector<Observation> looks = values({0.95});
    for (int i = 0; i < 4; ++i) looks.push_back(missing());
    looks.push_back(value(0.95));
    looks.push_back(value(0.1));
    CHECK(walk(disk(), looks) == "cccuuco");
    // Two missing ones are forgiven.
    CHECK(walk(disk(), {value(0.1), missing(), missing(), value(0.1), missing(), missing()}) ==
          "oooooo");
}

TEST_CASE("check: unknown ends with the first reading, whatever it says") {
    CheckPolicy check = disk();
    check.hold_for = Millis{10'000};
    const std::vector<Observation> looks{missing(), missing(), missing(), value(0.95), value(0.1)};
    CHECK(walk(check, looks) == "oouoo");
}

TEST_CASE("check: a transition names both ends, once") {
    CheckMemory memory;
    CHECK(judge(disk(), value(0.95), Millis{0}, memory) ==
          Transition{Condition::ok, Condition::critical});
    CHECK(judge(disk(), value(0.95), Millis{1}, memory) == std::nullopt);
    for (int i = 0; i < 2; ++i) CHECK(judge(disk(), missing(), Millis{2}, memory) == std::nullopt);
    CHECK(judge(disk(), missing(), Millis{3}, memory) ==
          Transition{Condition::critical, Condition::unknown});
    CHECK(judge(disk(), value(0.95), Millis{4}, memory) ==
          Transition{Condition::unknown, Condition::critical});
}

TEST_CASE("check: a plugin's verdict is taken as it is, its unknown counts as missing") {
    CheckPolicy check;
    check.probe = "plugin";
    const std::vector<Observation> looks{verdict(Condition::warning), verdict(Condition::critical),
                                         verdict(Condition::unknown), verdict(Condition::unknown),
                                         verdict(Condition::unknown), verdict(Condition::ok)};
    CHECK(walk(check, looks) == "wcccuo");
}

TEST_CASE("check: process and unit without limits mean that one must run") {
    CheckPolicy check;
    check.probe = "process";
    check.include = {"sshd"};
    CHECK(walk(check, values({1, 0, 2})) == "oco");
    check.probe = "unit";
    CHECK(walk(check, values({1, 0})) == "oc");
    check.include.clear();  // counts failed units
    CHECK(walk(check, values({0, 1})) == "oc");
}

TEST_CASE("glob: patterns match whole texts") {
    CHECK(glob_match("/var/*", "/var/lib"));
    CHECK_FALSE(glob_match("/var/*", "/usr/var/lib"));
    CHECK(glob_match("*", ""));
    CHECK(glob_match("a?c*", "abcd"));
    CHECK_FALSE(glob_match("a?c", "ac"));
    CHECK(glob_match("*ab*ab", "abxabab"));
    CHECK_FALSE(glob_match("", "x"));
    CHECK_FALSE(glob_match(std::string(50, '*') + "b", std::string(5000, 'a')));
    CHECK(is_selected("/snap/x", {}, {"/boot"}));
    CHECK_FALSE(is_selected("/snap/x", {}, {"/snap/*"}));
    CHECK_FALSE(is_selected("/srv", {"/var*"}, {}));
}

TEST_CASE("wording: sentences are what a person would say") {
    CHECK(summarise(disk(), "/var", Condition::critical, value(0.961)) ==
          "/var is 96.1 % full (critical at 90 %)");
    CHECK(summarise(disk(), "/var", Condition::ok, value(0.5)) == "/var is 50 % full");
    CHECK(summarise(disk(), "/nfs", Condition::unknown, missing("statfs does not return")) ==
          "/nfs cannot be judged: statfs does not return");
    CheckPolicy process;
    process.probe = "process";
    process.include = {"sshd"};
    CHECK(summarise(process, "sshd", Condition::critical, value(0)) ==
          "process sshd is not running");
    CheckPolicy unit;
    unit.probe = "unit";
    unit.include = {"ssh.service"};
    CHECK(summarise(unit, "ssh.service", Condition::critical, value(0)) ==
          "unit ssh.service is not active");
    CheckPolicy uptime;
    uptime.probe = "uptime";
    uptime.threshold.below = true;
    uptime.threshold.warning = 600;
    CHECK(summarise(uptime, "", Condition::warning, value(125)) ==
          "uptime is 2 min 5 s (warning below 10 min 0 s)");
    CheckPolicy plugin;
    plugin.id = "ntp";
    plugin.probe = "plugin";
    Observation said = verdict(Condition::critical);
    said.reason = "NTP CRITICAL: offset 3 s";
    CHECK(summarise(plugin, "", Condition::critical, said) == "ntp: NTP CRITICAL: offset 3 s");
}
