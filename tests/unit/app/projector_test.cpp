// Projector: how the journal is cut into transactions, and what a failed one leaves.
#include "app/engine/projector.hpp"

#include <catch2/catch.hpp>

#include "core/model/json.hpp"
#include "core/records/access.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/faulty_database.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

struct World {
    World() {
        static int count = 0;
        database =
            std::move(*storage::open_database(":memory:projector-" + std::to_string(++count)));
        REQUIRE(storage::migrate(*database));
        connection = std::move(*database->connect(storage::Durability::normal));
        auto desk = itsm::make_service_desk();
        REQUIRE(projector.restore(*connection, *desk));
    }
    void add(journal::Kind kind, std::string body) {
        journal::Record record;
        record.seq = JournalSeq{static_cast<std::int64_t>(records.size()) + 1};
        record.received_at = from_ms(1'764'000'000'000 + record.seq.value);
        record.organisation = OrganisationId{1};
        record.kind = kind;
        record.source = "test";
        record.body = std::move(body);
        records.push_back(std::move(record));
    }
    void add_alert(const std::string& key) {
        add(journal::Kind::intake,
            R"({"key":")" + key + R"(","summary":"s","host":"web01","severity":"critical"})");
    }
    void add_command(const std::string& title) {
        CreateIncident wanted;
        wanted.title = title;
        add(journal::Kind::command, encode(Command{OrganisationId{1}, "ann", {}, wanted}));
    }
    // The sizes of all batches, each stored and finished.
    std::vector<std::size_t> play() {
        std::vector<std::size_t> sizes;
        for (std::size_t done = 0; done < records.size();) {
            Batch batch = projector.next(records, done);
            REQUIRE(projector.store(*connection, batch));
            projector.finish(batch);
            sizes.push_back(batch.records);
            done += batch.records;
        }
        return sizes;
    }
    std::int64_t count(const std::string& table) { return number("SELECT COUNT(*) FROM " + table); }
    std::int64_t decisions() { return number("SELECT COALESCE(SUM(count), 0) FROM decisions"); }
    std::int64_t number(const std::string& sql) {
        auto statement = connection->prepare(sql);
        REQUIRE(statement);
        REQUIRE((*statement)->step());
        const std::int64_t value = (*statement)->integer(0);
        (*statement)->reset();
        return value;
    }

    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
    telemetry::Registry metrics;
    std::unique_ptr<correlator::Correlator> correlator =
        correlator::make_correlator(correlator::default_rules());
    std::unique_ptr<TicketStore> tickets = itsm::make_ticket_store({});
    Projector projector{*correlator, *tickets, metrics, telemetry::Log::silent()};
    std::vector<journal::Record> records;
};

using Sizes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("projector: a batch ends with its command, so that order is kept around it") {
    World world;
    world.add_alert("a");
    world.add_alert("b");
    world.add_command("by hand");
    world.add_command("by hand again");
    world.add_alert("c");
    CHECK(world.play() == Sizes{3, 1, 1});
    CHECK(world.projector.cursor() == JournalSeq{5});
    CHECK(world.decisions() == 3);
}

TEST_CASE("projector: a command that cannot be read ends no batch") {
    World world;
    world.add_alert("a");
    world.add(journal::Kind::command, "{}");
    world.add_alert("b");
    CHECK(world.play() == Sizes{3});
    CHECK(world.metrics.counter("gantry_journal_broken_total", "").value() == 1);
}

TEST_CASE("projector: records of nothing but rubbish move the cursor all the same") {
    World world;
    for (const char* body : {"", "{", "[]", "null", "\xff"}) {
        world.add(journal::Kind::agent_report, body);
    }
    CHECK(world.play() == Sizes{5});
    CHECK(world.projector.cursor() == JournalSeq{5});
    CHECK(world.count("alerts") == 0);
}

TEST_CASE("projector: a transaction's size is bounded by events, not by records") {
    World world;
    std::string many = "[";
    for (int i = 0; i < 1'000; ++i) {
        many += (i == 0 ? "" : ",") +
                (R"({"key":"k)" + std::to_string(i) + R"(","summary":"s","severity":"info"})");
    }
    for (int i = 0; i < 9; ++i) world.add(journal::Kind::intake, many + "]");
    CHECK(world.play() == Sizes{5, 4});
    CHECK(world.decisions() == 9'000);
}

TEST_CASE("projector: whichever operation fails, nothing is written, and the next try does all") {
    bool failed = true;
    for (std::uint64_t nth = 1; failed; ++nth) {
        REQUIRE(nth < 500);
        CAPTURE(nth);
        World world;
        world.add_alert("a");
        world.add_command("by hand");
        Batch batch = world.projector.next(world.records, 0);
        const auto failing = test::faulty(*world.connection, test::fails_at(nth));
        failed = !world.projector.store(*failing, batch);
        if (failed) {
            CHECK_FALSE(world.connection->in_transaction());
            CHECK(world.decisions() == 0);
            CHECK(world.count("incidents") == 0);
            CHECK(world.count("incident_timeline") == 0);
            REQUIRE(world.projector.store(*world.connection, batch));
        }
        world.projector.finish(batch);
        REQUIRE(batch.outcome);
        CHECK(batch.outcome->incident->id == IncidentId{2});
        CHECK(world.decisions() == 1);
        CHECK(world.count("incidents") == 2);
        CHECK(world.projector.cursor() == JournalSeq{2});
    }
}

TEST_CASE("projector: a refused command leaves no row, and the events before it stay") {
    World world;
    world.add_alert("a");
    AddNote note;
    note.incident = IncidentId{77};
    note.body = "x";
    world.add(journal::Kind::command, encode(Command{OrganisationId{1}, "ann", {}, note}));
    Batch batch = world.projector.next(world.records, 0);
    const Sequences before = batch.sequences;
    REQUIRE(world.projector.store(*world.connection, batch));
    REQUIRE_FALSE(batch.outcome);
    CHECK(batch.outcome.error().code == ErrorCode::not_found);
    world.projector.finish(batch);
    CHECK(world.decisions() == 1);
    CHECK(world.count("incidents") == 1);
    CHECK(batch.sequences.next_agent == before.next_agent);
    world.records.clear();
}

TEST_CASE("projector: what is restored goes on with the next ids") {
    World world;
    world.add_alert("a");
    world.add_command("by hand");
    world.play();
    auto correlator = correlator::make_correlator(correlator::default_rules());
    Projector second(*correlator, *world.tickets, world.metrics, telemetry::Log::silent());
    auto desk = itsm::make_service_desk();
    REQUIRE(second.restore(*world.connection, *desk));
    CHECK(second.cursor() == world.projector.cursor());
    CHECK(correlator->live_alerts() == 1);
    world.records.clear();
    world.add_command("third");
    world.records[0].seq = JournalSeq{3};
    Batch batch = second.next(world.records, 0);
    REQUIRE(second.store(*world.connection, batch));
    CHECK(batch.outcome->incident->id == IncidentId{3});
}
