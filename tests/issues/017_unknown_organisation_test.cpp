// An all-scope token could send events for an organisation id that nobody had yet; who was made
// next got that id, and saw them.
#include <catch2/catch.hpp>

#include "app/gantryd/organisation_directory.hpp"
#include "core/records/access.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;

namespace {

struct World {
    World() {
        if (!storage::migrate(*database)) FAIL("cannot migrate");
        for (const char* name : {"acme", "globex"}) {
            REQUIRE(records::ensure_organisation(*connection, name, clock.now()));
        }
    }
    ~World() { reader.join(); }
    // The id, or 0 where there is none.
    std::int64_t ask(const std::string& text, Scope scope = Scope::all()) {
        const auto found = test::run(context, directory.find(std::move(scope), text));
        if (!found) CHECK(found.error().code == ErrorCode::not_found);
        return found.value_or(OrganisationId{}).value;
    }

    boost::asio::io_context context;
    test::SimClock clock;
    std::unique_ptr<storage::Database> database =
        std::move(*storage::open_database(":memory:issue-017"));
    std::unique_ptr<storage::Connection> connection =
        std::move(*database->connect(storage::Durability::full));
    Worker reader{"reader"};
    app::OrganisationDirectory directory{*database, reader, clock};
};

}  // namespace

TEST_CASE(
    "issue 017: an organisation that does not exist is not found, and is found once it is made") {
    World world;
    CHECK(world.ask("4") == 0);
    CHECK(world.ask("initech") == 0);
    CHECK(world.ask("-1") == 0);
    CHECK(world.ask("0") == 0);
    CHECK(world.ask("") == 0);
    CHECK(world.ask("2 ") == 0);
    REQUIRE(records::ensure_organisation(*world.connection, "initech", world.clock.now()));
    CHECK(world.ask("initech") == 4);
    CHECK(world.ask("4") == 4);
}

TEST_CASE("issue 017: name and id mean the same organisation, inside the caller's scope only") {
    World world;
    CHECK(world.ask("acme") == 2);
    CHECK(world.ask("2") == 2);
    CHECK(world.ask("acme") == 2);  // from memory
    const Scope globex = Scope::of(OrganisationId{3});
    CHECK(world.ask("acme", globex) == 0);
    CHECK(world.ask("2", globex) == 0);
    CHECK(world.ask("globex", globex) == 3);
    CHECK(world.ask("3", globex) == 3);
    CHECK(world.ask("acme", globex) == 0);
}

TEST_CASE(
    "issue 017: an organisation's name goes before an id, also one that was made a moment ago") {
    World world;
    CHECK(world.ask("2") == 2);
    REQUIRE(records::ensure_organisation(*world.connection, "2", world.clock.now()));
    world.clock.advance(Millis{10'001});
    CHECK(world.ask("2") == 4);
    CHECK(world.ask("2", Scope::of(OrganisationId{2})) == 2);
}
