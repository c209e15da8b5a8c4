// EngineWorld: an Engine over a journal in memory and a real store in memory, with everything that
// a crash takes away in one place, so that a test can crash it.
#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "app/engine/engine.hpp"
#include "collector/intake/generic.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/memory_journal.hpp"
#include "tests/support/sim_clock.hpp"

namespace gantry::test {

inline std::string fresh_app_database() {
    static int count = 0;
    return ":memory:app-" + std::to_string(++count);
}

// Writing transactions fail to begin while `failing` is above nought (each try takes one off).
struct Faults {
    static constexpr int k_for_ever = std::numeric_limits<int>::max();
    std::atomic<int> failing{0};
    std::atomic<int> begun{0};

    Fate next(DatabaseOperation operation) {
        if (operation != DatabaseOperation::begin) return Fate::goes;
        ++begun;
        if (failing == 0) return Fate::goes;
        if (failing != k_for_ever) --failing;
        return Fate::fails;
    }
};

struct EngineWorld {
    explicit EngineWorld(app::EngineOptions with = {}) : options(with) {
        database = std::move(*storage::open_database(fresh_app_database()));
        REQUIRE(storage::migrate(*database));
        faulty = test::faulty(
            *database, [this](DatabaseOperation operation) { return faults.next(operation); });
        look = std::move(*database->connect(storage::Durability::normal));
        boot();
    }
    ~EngineWorld() {
        if (store) store->join();
    }

    // A new process over what the journal and the store have.
    void boot() {
        store = std::make_unique<Worker>("store");
        correlator = correlator::make_correlator(correlator::default_rules());
        tickets = itsm::make_ticket_store({});
        engine = std::make_unique<app::Engine>(
            app::EngineParts{context.get_executor(), journal, *faulty, *correlator, *tickets, *desk,
                             *store, clock, metrics, telemetry::Log::silent(),
                             [this] { ++committed; },
                             [this](const std::string& agent_id, const std::string& boot_id) {
                                 refused_boots.emplace_back(agent_id, boot_id);
                             }},
            options);
    }
    Result<void> start() { return run(context, engine->start()); }
    void follow() {
        following = true;
        auto work = [this]() -> boost::asio::awaitable<void> {
            co_await engine->follow();
            following = false;
        };
        boost::asio::co_spawn(context, work, boost::asio::detached);
    }
    void start_and_follow() {
        REQUIRE(start());
        follow();
    }
    // Runs until it holds; fails the test after 10 s.
    void until(const std::function<bool()>& holds) {
        context.restart();
        for (int i = 0; i < 100'000 && !holds(); ++i) {
            if (context.run_one_for(std::chrono::seconds{10}) == 0) break;
        }
        REQUIRE(holds());
    }
    void until_folded() {
        until([this] { return engine->lag() == 0; });
    }
    void stop() {
        engine->stop();
        until([this] { return !following; });
    }

    journal::Record record(journal::Kind kind, std::string body, std::int64_t organisation = 1) {
        journal::Record out;
        out.received_at = clock.now();
        out.organisation = OrganisationId{organisation};
        out.kind = kind;
        out.source = "generic";
        out.body = std::move(body);
        return out;
    }
    journal::Record alert(const std::string& key, const std::string& more = "") {
        return record(journal::Kind::intake, R"({"key":")" + key +
                                                 R"(","summary":"it is unwell","host":"web01",)"
                                                 R"("severity":"critical")" +
                                                 more + "}");
    }
    // What the record says, as its intake reads it.
    static std::vector<Event> events_of(const journal::Record& record) {
        collector::GenericIntake intake;
        std::string body = record.body;
        auto batch = intake.parse(body, record.organisation, record.received_at);
        REQUIRE(batch);
        return std::move(batch->events);
    }
    // accept() to its end, without waiting for anything else; `events`: those that may be resent,
    // as the intake gives them.
    Result<void> accept(journal::Record record, std::vector<Event> events = {}) {
        std::optional<Result<void>> answer;
        auto work = [&]() -> boost::asio::awaitable<void> {
            answer = co_await engine->accept(std::move(record), std::move(events));
        };
        boost::asio::co_spawn(context, work, boost::asio::detached);
        until([&] { return answer.has_value(); });
        return *answer;
    }
    Result<CommandOutcome> submit(Command command) {
        std::optional<Result<CommandOutcome>> answer;
        auto work = [&]() -> boost::asio::awaitable<void> {
            answer = co_await engine->submit(std::move(command));
        };
        boost::asio::co_spawn(context, work, boost::asio::detached);
        until([&] { return answer.has_value(); });
        return std::move(*answer);
    }
    static Command creation(const std::string& title, std::int64_t organisation = 1) {
        CreateIncident wanted;
        wanted.title = title;
        return Command{OrganisationId{organisation}, "ann", std::nullopt, wanted};
    }
    std::int64_t number(const std::string& sql) {
        auto statement = look->prepare(sql);
        if (!statement) FAIL(statement.error().message);
        REQUIRE((*statement)->step());
        const std::int64_t value = (*statement)->integer(0);
        (*statement)->reset();
        return value;
    }
    std::int64_t decisions() { return number("SELECT COALESCE(SUM(count), 0) FROM decisions"); }
    std::int64_t count(const std::string& table) { return number("SELECT COUNT(*) FROM " + table); }
    std::int64_t metric(const std::string& name) { return metrics.counter(name, "").value(); }

    boost::asio::io_context context;
    SimClock clock;
    telemetry::Registry metrics;
    Faults faults;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Database> faulty;
    std::unique_ptr<storage::Connection> look;
    MemoryJournal journal;
    std::unique_ptr<ServiceDesk> desk = itsm::make_service_desk();
    std::vector<std::pair<std::string, std::string>> refused_boots;
    app::EngineOptions options;
    std::unique_ptr<correlator::Correlator> correlator;
    std::unique_ptr<TicketStore> tickets;
    std::unique_ptr<app::Engine> engine;
    std::unique_ptr<Worker> store;  // last: joined before what its jobs use
    int committed = 0;
    bool following = false;
};

}  // namespace gantry::test
