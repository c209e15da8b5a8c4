// The runner with real threads: a scripted connector on the runner's workers, an outbox on its own.
#include "connectors/engine/runner.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <thread>

#include "tests/unit/connectors/engine_world.hpp"
#include "tests/unit/connectors/memory_outbox.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

// What all connectors of a test share: a door that calls wait at, and what was seen.
struct Stage {
    void open() {
        const std::lock_guard lock(mutex);
        is_open = true;
        changed.notify_all();
    }
    [[nodiscard]] int inside() {
        const std::lock_guard lock(mutex);
        return inside_now;
    }
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = true;
    int inside_now = 0;
    int most_inside = 0;
    bool shared_instance = false;
    std::vector<std::string> sent;  // keys, in order
    std::vector<std::string> remote_ids;
    std::function<DeliveryResult(const Delivery&)> answer = [](const Delivery& row) {
        return DeliveryResult::accepted("R" + std::to_string(row.incident.value));
    };
};

class ScriptedConnector final : public Connector {
public:
    explicit ScriptedConnector(Stage& stage) : stage_(stage) {}
    [[nodiscard]] const std::string& name() const override { return name_; }
    DeliveryResult deliver(const Delivery& row, const std::string& remote_id, Millis) override {
        const bool busy = busy_.exchange(true);
        std::unique_lock lock(stage_.mutex);
        stage_.shared_instance = stage_.shared_instance || busy;
        stage_.most_inside = std::max(stage_.most_inside, ++stage_.inside_now);
        stage_.sent.push_back(row.idempotency_key);
        stage_.remote_ids.push_back(remote_id);
        stage_.changed.wait(lock, [this] { return stage_.is_open; });
        --stage_.inside_now;
        busy_ = false;
        return stage_.answer(row);
    }

private:
    Stage& stage_;
    std::string name_ = "desk";
    std::atomic<bool> busy_{false};
};

class RunnerWorld {
public:
    explicit RunnerWorld(DeliveryLimits limits = {})
        : runner(io.get_executor(), "desk", limits,
                 [this] {
                     ++made;
                     return std::make_unique<ScriptedConnector>(stage);
                 },
                 outbox, worker, {clock, random, metrics, log}) {}
    ~RunnerWorld() { stage.open(); }

    // Runs the program until it is so; false after five seconds.
    bool until(const std::function<bool()>& so) {
        for (int i = 0; i < 1'000 && !so(); ++i) {
            io.restart();
            io.run_one_for(std::chrono::milliseconds{5});
        }
        return so();
    }
    void stop() {
        boost::asio::co_spawn(io, runner.stop(), [this](std::exception_ptr) { stopped = true; });
    }
    bool until_stopped() {
        stop();
        return until([this] { return stopped; });
    }

    boost::asio::io_context io{1};
    SystemClock clock;
    SeededRandom random{5};
    telemetry::Registry metrics;
    telemetry::Log log = telemetry::Log::silent();
    Stage stage;
    MemoryOutbox outbox;
    Worker worker{"outbox"};
    int made = 0;
    bool stopped = false;
    ConnectorRunner runner;  // last: it uses the rest
};

Delivery row_of(std::int64_t id, std::int64_t incident, Instant now) {
    Delivery row = delivery(id, 0);
    row.incident = IncidentId{incident};
    row.created_at = now;
    return row;
}

}  // namespace

TEST_CASE("runner: drains the outbox in order per incident, at most `concurrency` at once") {
    DeliveryLimits limits;
    limits.concurrency = 3;
    limits.per_minute = 60'000;
    RunnerWorld w(limits);
    CHECK(w.made == 3);
    for (std::int64_t id = 1; id <= 60; ++id) w.outbox.add(row_of(id, id % 7, w.clock.now()));
    w.runner.start();
    CHECK(w.until([&] { return w.outbox.count(DeliveryState::delivered) == 60; }));
    CHECK(w.until_stopped());
    CHECK(w.stage.sent.size() == 60);
    CHECK(w.stage.most_inside <= 3);
    CHECK_FALSE(w.stage.shared_instance);
    std::map<std::int64_t, std::int64_t> last;
    for (std::size_t i = 0; i < w.stage.sent.size(); ++i) {
        const std::string& key = w.stage.sent[i];
        const std::int64_t id = std::stoll(key.substr(9, key.find('.') - 9));
        CHECK(id > last[id % 7]);
        const std::string known = last[id % 7] == 0 ? "" : "R" + std::to_string(id % 7);
        CHECK(w.stage.remote_ids[i] == known);
        last[id % 7] = id;
    }
}

TEST_CASE("runner: stop waits for the attempt under way and writes its verdict") {
    RunnerWorld w;
    w.stage.is_open = false;
    w.outbox.add(row_of(1, 1, w.clock.now()));
    w.outbox.add(row_of(2, 1, w.clock.now()));
    w.runner.start();
    REQUIRE(w.until([&] { return w.stage.inside() == 1; }));
    w.stop();
    for (int i = 0; i < 20; ++i) {
        w.io.restart();
        w.io.run_one_for(std::chrono::milliseconds{1});
    }
    CHECK_FALSE(w.stopped);
    w.stage.open();
    CHECK(w.until([&] { return w.stopped; }));
    CHECK(w.outbox.row(1).state == DeliveryState::delivered);
    CHECK(w.outbox.row(1).remote_id == "R1");
    CHECK(w.outbox.row(2).state == DeliveryState::pending);
    CHECK(w.outbox.row(2).attempts == 0);
}

TEST_CASE("runner: two that wait for its stop both hear of it; a later one at once") {
    RunnerWorld w;
    w.runner.start();
    int heard = 0;
    for (int i = 0; i < 2; ++i) {
        boost::asio::co_spawn(w.io, w.runner.stop(), [&](std::exception_ptr) { ++heard; });
    }
    CHECK(w.until([&] { return heard == 2; }));
    CHECK(w.until_stopped());
}

TEST_CASE("runner: never started, it stops at once") {
    RunnerWorld w;
    CHECK(w.until_stopped());
    CHECK(w.stage.sent.empty());
}

TEST_CASE("runner: notify from another thread brings new rows on their way before the next poll") {
    RunnerWorld w;
    w.runner.start();
    REQUIRE(w.until([&] { return w.outbox.leases() > 0; }));
    w.outbox.add(row_of(1, 1, w.clock.now()));
    const auto begin = w.clock.steady_now();
    std::thread([&] { w.runner.notify(); }).join();
    CHECK(w.until([&] { return w.outbox.count(DeliveryState::delivered) == 1; }));
    CHECK(w.clock.steady_now() - begin < std::chrono::seconds{2});
    CHECK(w.until_stopped());
}

TEST_CASE("runner: an outbox that fails for a while costs time, not rows") {
    RunnerWorld w;
    w.outbox.add(row_of(1, 1, w.clock.now()));
    w.outbox.fail_next(2);
    w.runner.start();
    REQUIRE(w.until([&] { return w.outbox.count(DeliveryState::delivered) == 1; }));
    CHECK(w.stage.sent.size() == 1);
    CHECK(w.until_stopped());
}

TEST_CASE("runner: failures and refusals end in the outbox with their reasons") {
    RunnerWorld w;
    w.stage.answer = [](const Delivery& row) {
        if (row.id == DeliveryId{1}) return DeliveryResult::rejected(Cause::refused, "status 422");
        if (row.attempts < 3) return DeliveryResult::retry_later(Cause::busy, "status 409");
        return DeliveryResult::accepted("R");
    };
    w.outbox.add(row_of(1, 1, w.clock.now()));
    w.outbox.add(row_of(2, 2, w.clock.now()));
    w.runner.start();
    CHECK(w.until([&] {
        return w.outbox.row(1).state == DeliveryState::dead &&
               w.outbox.row(2).state == DeliveryState::delivered;
    }));
    CHECK(w.outbox.row(1).last_error == "status 422");
    CHECK(w.outbox.row(2).attempts == 3);
    CHECK(w.until_stopped());
}
