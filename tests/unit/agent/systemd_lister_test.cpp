// The lister against a bus of ours: libsystemd itself speaks on the agent's side.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "tests/support/coroutine.hpp"
#include "tests/unit/agent/fake_bus.hpp"

using namespace gantry;
using namespace gantry::agent;
using test::FakeBus;

namespace {

using Rows = Result<std::vector<UnitRow>>;

struct Stage {
    boost::asio::io_context context;
    FakeBus bus{context};
    std::unique_ptr<UnitLister> lister =
        make_systemd_lister(context.get_executor(), {bus.run(), Millis{200}});

    // The bus's own waits never end, so the loop is left as soon as the list is there.
    Rows list(const std::vector<std::string>& states = {}) {
        Rows out = fail(ErrorCode::internal, "did not end");
        boost::asio::co_spawn(context, keep(states, &out),
                              [this](std::exception_ptr) { context.stop(); });
        context.restart();
        context.run();
        return out;
    }
    boost::asio::awaitable<void> keep(std::vector<std::string> states, Rows* out) {
        *out = co_await lister->list(std::move(states), std::vector<std::string>());
    }
    // Where libsystemd is not installed there is nothing to test, and the run says so.
    bool has_library() {
        const Rows rows = list();
        if (rows || rows.error().message != "libsystemd.so.0 is not installed") return true;
        WARN("skipped: " << rows.error().message);
        return false;
    }
};

}  // namespace

TEST_CASE("systemd lister: units come with their states, over one connection") {
    Stage stage;
    if (!stage.has_library()) return;
    stage.bus.units = {{"ssh.service", "loaded", "active", "running"},
                       {"db.service", "loaded", "activating", "auto-restart"}};
    const Rows rows = stage.list();
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[0].name == "ssh.service");
    CHECK((*rows)[0].load == "loaded");
    CHECK((*rows)[0].active == "active");
    CHECK((*rows)[1].sub == "auto-restart");
    stage.bus.units.clear();
    CHECK(stage.list()->empty());
    CHECK(stage.bus.connections == 1);
}

TEST_CASE("systemd lister: a long list arrives whole") {
    Stage stage;
    if (!stage.has_library()) return;
    for (int i = 0; i < 2000; ++i) {
        stage.bus.units.push_back({"unit-" + std::to_string(i) + ".service", "loaded",
                                   i % 2 == 0 ? "active" : "failed", "running"});
    }
    const Rows rows = stage.list();
    REQUIRE(rows.has_value());
    REQUIRE(rows->size() == 2000);
    CHECK(rows->back().name == "unit-1999.service");
}

TEST_CASE("systemd lister: a refusal is an error with the bus's reason") {
    Stage stage;
    if (!stage.has_library()) return;
    stage.bus.set_manner(FakeBus::Manner::refuses);
    const Rows rows = stage.list();
    REQUIRE_FALSE(rows.has_value());
    CHECK(rows.error().code == ErrorCode::unavailable);
    CHECK(rows.error().message == "systemd does not answer: Permission denied");
}

TEST_CASE("systemd lister: after a bus that went away the next look connects anew") {
    Stage stage;
    if (!stage.has_library()) return;
    stage.bus.units = {{"ssh.service", "loaded", "active", "running"}};
    REQUIRE(stage.list().has_value());
    stage.bus.drop_connections();
    CHECK_FALSE(stage.list().has_value());
    REQUIRE(stage.list().has_value());
    CHECK(stage.bus.connections == 2);
    stage.bus.set_manner(FakeBus::Manner::hangs_up);
    stage.bus.drop_connections();
    CHECK_FALSE(stage.list().has_value());
    CHECK_FALSE(stage.list().has_value());
}

TEST_CASE("systemd lister: without a bus's socket the reason is named") {
    Stage stage;
    if (!stage.has_library()) return;
    std::filesystem::remove(stage.bus.run() + "/dbus/system_bus_socket");
    auto lister = make_systemd_lister(stage.context.get_executor(), {stage.bus.run(), Millis{200}});
    stage.lister = std::move(lister);
    CHECK(stage.list().error().message ==
          "the system bus cannot be reached: No such file or directory");
}
