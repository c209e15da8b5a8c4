// A damaged spool was set aside again with each try to replace it: when the first one failed, what
// it had left of a new file took the place of the evidence.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/dying_database.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using gantry::test::transition;

namespace {

struct Agent : test::SpoolFixture {
    test::Death death;

    Agent() {
        agent::SpoolOptions options;
        options.directory = directory.path();
        options.boot_id = boot_id;
        options.max_bytes = 16 << 20;
        const auto opener = [this](const std::string& location) {
            return test::open_dying(location, death);
        };
        auto opened = agent::Spool::open(std::move(options), opener, clock, random);
        REQUIRE(opened.has_value());
        spool = std::move(*opened);
    }
    [[nodiscard]] std::string file() const { return directory.path() + "/spool.db"; }

    Result<void> append(std::size_t evidence_bytes = 10) const {
        CheckState state = transition("check", Condition::ok, Condition::critical);
        state.evidence = {{"proof", std::string(evidence_bytes, 'x')}};
        return spool->append_states({state});
    }
    // More than the cache holds, then `garbage` over all of it but the header, and a look at it.
    void damage(char garbage) const {
        for (int i = 0; i < 400; ++i) REQUIRE(append(8000).has_value());
        const auto size = std::filesystem::file_size(file());
        REQUIRE(size > 2'000'000);
        std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(4096);
        const std::string all(size - 4096, garbage);
        out.write(all.data(), static_cast<std::streamsize>(all.size()));
        out.close();
        const auto seen = spool->next_report(1 << 20);
        REQUIRE_FALSE(seen.has_value());
        REQUIRE(seen.error().code == ErrorCode::corrupt);
    }
    // What is in the file that was set aside, beyond the header; 0 = no such file.
    [[nodiscard]] char evidence() const {
        std::ifstream in(file() + ".corrupt", std::ios::binary);
        in.seekg(1'000'000);
        char out = 0;
        in.get(out);
        return out;
    }
    // Tries that get one operation further each, until one gets through; how many failed.
    std::int64_t replace(char garbage) {
        for (std::int64_t operations = 0; operations < 1000; ++operations) {
            death = {};
            death.operations_left = operations;
            if (append()) return operations;
            CAPTURE(operations);
            REQUIRE(evidence() == garbage);
        }
        return -1;
    }
};

}  // namespace

TEST_CASE("issue 026: a damaged spool stays for a person to see, however often its heir fails") {
    Agent agent;
    agent.damage('x');
    CHECK(agent.replace('x') > 20);
    CHECK(agent.evidence() == 'x');
    CHECK(agent.spool->status().epoch == 2);
    const auto report = agent.spool->next_report(1 << 20);
    REQUIRE(report.has_value());
    CHECK(report->records.size() == 2);  // what is lost, and what came after
}

TEST_CASE("issue 026: the next damage is evidence again") {
    Agent agent;
    agent.damage('x');
    CHECK(agent.replace('x') > 20);
    agent.death = {};
    agent.damage('y');
    CHECK(agent.evidence() == 'x');
    CHECK(agent.replace('y') > 20);
    CHECK(agent.evidence() == 'y');
    CHECK(agent.spool->status().epoch == 3);
}
