// N of M counted an empty past as good readings: three of five needed, and after a restart the
// first breaching look resolved the condition that it confirms.
#include <catch2/catch.hpp>

#include "agent/checks/evaluator.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

CheckPolicy memory_check(int needed, int window) {
    CheckPolicy check;
    check.id = "memory";
    check.probe = "memory";
    check.threshold.critical = 0.9;
    check.needed = needed;
    check.window = window;
    return check;
}

Look look(double value) {
    Look out;
    out.instances[""].value = value;
    return out;
}

// What is told at each of the looks, one a second.
std::string told(Evaluator& evaluator, const CheckPolicy& check, std::vector<double> values) {
    std::string out;
    Millis now{0};
    for (const double value : values) {
        now += Millis{1000};
        for (const CheckState& state : evaluator.take(check, look(value), now)) {
            out += std::string(to_string(state.condition)) + " ";
        }
        out += "| ";
    }
    return out;
}

}  // namespace

TEST_CASE("issue 005: a restart in the middle of a breach tells nothing while it lasts") {
    Evaluator evaluator({{{"memory", ""}, {Condition::critical, Condition::critical}}});
    CHECK(told(evaluator, memory_check(3, 5), {0.99, 0.99, 0.99, 0.99, 0.99}) == "| | | | | ");
    // Its end counts as it does without a restart: when fewer than three of five breach.
    CHECK(told(evaluator, memory_check(3, 5), {0.1, 0.1, 0.1}) == "| | ok | ");
}

TEST_CASE("issue 005: after a restart as many good looks end a breach as before it") {
    Evaluator evaluator({{{"memory", ""}, {Condition::critical, Condition::critical}}});
    CHECK(told(evaluator, memory_check(3, 5), {0.1, 0.1, 0.1}) == "| | ok | ");
}

TEST_CASE("issue 005: after a restart a new breach still needs N looks") {
    Evaluator evaluator({});
    CHECK(told(evaluator, memory_check(3, 5), {0.99, 0.99, 0.99}) == "| | critical | ");
}

TEST_CASE("issue 005: a policy that asks for more looks does not end what breaches in all") {
    Evaluator evaluator({});
    CHECK(told(evaluator, memory_check(1, 1), {0.99}) == "critical | ");
    CHECK(told(evaluator, memory_check(3, 5), {0.99, 0.99}) == "| | ");
    CHECK(told(evaluator, memory_check(5, 7), {0.99, 0.99}) == "| | ");
    // And one that asks for fewer takes the latest ones.
    CHECK(told(evaluator, memory_check(2, 2), {0.1}) == "ok | ");
}
