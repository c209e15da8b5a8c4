// A service that crashes over and over spends most of its time in activating/auto-restart, which
// counted as active: the check never fired.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "agent/probes/unit.hpp"
#include "tests/support/coroutine.hpp"

using namespace gantry;
using namespace gantry::agent;

namespace {

class OneUnit final : public UnitLister {
public:
    explicit OneUnit(UnitRow unit) : unit_(std::move(unit)) {}
    boost::asio::awaitable<Result<std::vector<UnitRow>>> list(std::vector<std::string> states,
                                                              std::vector<std::string>) override {
        std::vector<UnitRow> out;
        if (states.empty()) out.push_back(unit_);
        co_return out;
    }

private:
    UnitRow unit_;
};

double active_value(const std::string& active, const std::string& sub) {
    auto lister = std::make_unique<OneUnit>(UnitRow{"db.service", "loaded", active, sub});
    boost::asio::io_context context;
    const auto probe = make_unit_probe(std::move(lister), {"db.service"});
    const auto measured = test::run(context, probe->read());
    REQUIRE(measured.has_value());
    REQUIRE(measured->readings.size() == 2);
    return measured->readings[1].value;
}

}  // namespace

TEST_CASE("issue 014: a unit that waits for its automatic restart is not active") {
    CHECK(active_value("activating", "auto-restart") == 0);
    CHECK(active_value("activating", "auto-restart-queued") == 0);
    CHECK(active_value("activating", "start") == 1);
    CHECK(active_value("activating", "start-post") == 1);
    CHECK(active_value("active", "running") == 1);
    CHECK(active_value("reloading", "reload") == 1);
    CHECK(active_value("deactivating", "stop-sigterm") == 0);
    CHECK(active_value("failed", "failed") == 0);
}
