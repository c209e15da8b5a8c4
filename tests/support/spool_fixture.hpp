// A spool in a directory of its own, and the records that tests put into it.
#pragma once

#include <memory>
#include <string>

#include "agent/spool/spool.hpp"
#include "core/base/random.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/temporary_directory.hpp"

namespace gantry::test {

inline CheckState transition(const std::string& check, Condition from, Condition to,
                             const std::string& instance = "") {
    CheckState out;
    out.check = check;
    out.instance = instance;
    out.previous = from;
    out.condition = to;
    out.summary = check + " is " + to_string(to);
    return out;
}

inline std::vector<Reading> readings(double value, std::size_t count = 1) {
    std::vector<Reading> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back({"system.test.reading", "instance-" + std::to_string(i), value});
    }
    return out;
}

struct SpoolFixture {
    TemporaryDirectory directory{Place::memory};
    SimClock clock;
    SeededRandom random{7};
    std::string boot_id = "boot-1";
    std::size_t max_bytes = 1 << 20;
    std::size_t max_held = 20;
    std::unique_ptr<agent::Spool> spool;

    Result<void> open() {
        spool.reset();
        agent::SpoolOptions options;
        options.directory = directory.path();
        options.boot_id = boot_id;
        options.max_bytes = max_bytes;
        options.max_held = max_held;
        auto opened =
            agent::Spool::open(std::move(options), &storage::open_database, clock, random);
        if (!opened) return opened.error();
        spool = std::move(*opened);
        return {};
    }
};

}  // namespace gantry::test
