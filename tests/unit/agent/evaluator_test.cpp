#include "agent/checks/evaluator.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::agent;

namespace {

CheckPolicy disk() {
    CheckPolicy check;
    check.id = "filesystem";
    check.probe = "filesystem";
    check.threshold.critical = 0.9;
    return check;
}

Look look(std::initializer_list<std::pair<const char*, double>> values) {
    Look out;
    for (const auto& [instance, value] : values) out.instances[instance].value = value;
    return out;
}

const std::string* reason_of(const CheckState& state) {
    return find_label(state.evidence, "reason");
}

}  // namespace

TEST_CASE("evaluator: each instance has its own condition") {
    Evaluator evaluator({});
    auto changes = evaluator.take(disk(), look({{"/", 0.5}, {"/var", 0.95}}), Millis{0});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].check == "filesystem");
    CHECK(changes[0].instance == "/var");
    CHECK(changes[0].condition == Condition::critical);
    CHECK(changes[0].previous == Condition::ok);
    CHECK(changes[0].summary == "/var is 95 % full (critical at 90 %)");
    CHECK(*find_label(changes[0].evidence, "value") == "95 %");
    changes = evaluator.take(disk(), look({{"/", 0.95}, {"/var", 0.95}}), Millis{1});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].instance == "/");
}

TEST_CASE("evaluator: an instance that vanished resolves with the reason, once") {
    Evaluator evaluator({});
    (void)evaluator.take(disk(), look({{"/", 0.1}, {"/mnt", 0.95}}), Millis{0});
    const auto changes = evaluator.take(disk(), look({{"/", 0.1}}), Millis{1});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].condition == Condition::ok);
    CHECK(changes[0].previous == Condition::critical);
    CHECK(*reason_of(changes[0]) == "vanished");
    CHECK(evaluator.take(disk(), look({{"/", 0.1}}), Millis{2}).empty());
    // A healthy one goes without a word.
    CHECK(evaluator.take(disk(), look({}), Millis{3}).empty());
}

TEST_CASE("evaluator: an instance with nothing but gaps is not judged until it is unknown") {
    Evaluator evaluator({});
    CHECK(evaluator.all_judged("filesystem"));  // has none
    CHECK_FALSE(evaluator.knows("filesystem"));
    Look gap = look({{"/", 0.5}});
    gap.instances["/mnt"].reason = "hangs";
    (void)evaluator.take(disk(), gap, Millis{0});
    CHECK(evaluator.knows("filesystem"));
    CHECK_FALSE(evaluator.all_judged("filesystem"));
    int looks = 1;
    for (; looks < 20 && !evaluator.all_judged("filesystem"); ++looks) {
        (void)evaluator.take(disk(), gap, Millis{looks});
    }
    CHECK(looks < 20);
    for (const CheckState& state : evaluator.full_state()) {
        CHECK(state.condition == (state.instance == "/" ? Condition::ok : Condition::unknown));
    }
    Evaluator one_reading({});
    (void)one_reading.take(disk(), look({{"/", 0.5}}), Millis{0});
    CHECK(one_reading.all_judged("filesystem"));
}

TEST_CASE("evaluator: a probe that fails as a whole blinds every known instance") {
    Evaluator evaluator({});
    (void)evaluator.take(disk(), look({{"/", 0.1}, {"/var", 0.95}}), Millis{0});
    Look failed;
    failed.failure = "mountinfo: Permission denied";
    CHECK(evaluator.take(disk(), failed, Millis{1}).empty());
    CHECK(evaluator.take(disk(), failed, Millis{2}).empty());
    const auto blind = evaluator.take(disk(), failed, Millis{3});
    REQUIRE(blind.size() == 2);
    CHECK(blind[0].condition == Condition::unknown);
    CHECK(*reason_of(blind[0]) == failed.failure);
    const auto back = evaluator.take(disk(), look({{"/", 0.1}, {"/var", 0.95}}), Millis{4});
    REQUIRE(back.size() == 2);
    CHECK(back[0].condition == Condition::ok);
    CHECK(back[0].previous == Condition::unknown);
    CHECK(back[1].condition == Condition::critical);
}

TEST_CASE("evaluator: a probe that never worked is unknown under no instance, until it works") {
    Evaluator evaluator({});
    Look failed;
    failed.failure = "systemd does not run on this machine";
    std::vector<CheckState> changes;
    for (int i = 0; i < 3; ++i) changes = evaluator.take(disk(), failed, Millis{i});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].instance.empty());
    changes = evaluator.take(disk(), look({{"/", 0.1}}), Millis{9});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].condition == Condition::ok);
    CHECK(changes[0].instance.empty());
}

TEST_CASE("evaluator: after a restart it goes on from what was reported last") {
    Evaluator evaluator({{{"filesystem", "/var"}, {Condition::critical, Condition::critical}},
                         {{"filesystem", "/nfs"}, {Condition::unknown, Condition::ok}}});
    const auto changes = evaluator.take(disk(), look({{"/var", 0.95}, {"/nfs", 0.1}}), Millis{0});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].instance == "/nfs");
    CHECK(changes[0].previous == Condition::unknown);
    CHECK(evaluator.take(disk(), look({{"/var", 0.1}, {"/nfs", 0.1}}), Millis{1})[0].condition ==
          Condition::ok);
}

TEST_CASE("evaluator: what the new policy lacks or disables resolves with the reason") {
    Evaluator evaluator({});
    (void)evaluator.take(disk(), look({{"/", 0.95}}), Millis{0});
    Policy policy;
    policy.checks = {disk()};
    CHECK(evaluator.use(policy).empty());
    policy.checks[0].enabled = false;
    const auto changes = evaluator.use(policy);
    REQUIRE(changes.size() == 1);
    CHECK(*reason_of(changes[0]) == "no longer in the policy");
    CHECK(evaluator.full_state().empty());
}

TEST_CASE("evaluator: the full state has every instance, healthy ones included") {
    Evaluator evaluator({});
    (void)evaluator.take(disk(), look({{"/", 0.1}, {"/var", 0.95}}), Millis{0});
    const auto all = evaluator.full_state();
    REQUIRE(all.size() == 2);
    CHECK(all[0].condition == Condition::ok);
    CHECK(all[1].condition == Condition::critical);
    CHECK(all[1].summary == "/var is 95 % full (critical at 90 %)");
}

TEST_CASE("evaluator: instances are bounded, and what is left out is counted") {
    Evaluator evaluator({});
    Look many;
    for (std::size_t i = 0; i < k_max_instances + 10; ++i) {
        many.instances["/" + std::to_string(i)].value = 0.1;
    }
    many.instances[std::string(300, 'x')].value = 0.95;
    CHECK(evaluator.take(disk(), many, Millis{0}).empty());
    CHECK(evaluator.full_state().size() == k_max_instances);
    CHECK(evaluator.ignored_instances() == 11);
}
