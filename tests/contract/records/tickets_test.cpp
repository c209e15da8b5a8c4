// TicketStore and ServiceDesk, on every engine: the same journal gives the same rows, and people
// read them alike.
#include "core/model/json.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/incident_rows.hpp"
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using IncidentKind = IncidentAction::Kind;

namespace {

// What monitoring and people do in a day, in two organisations.
void live_a_day(Records& world) {
    auto transaction = must(storage::Transaction::begin(*world.connection));
    std::vector<IncidentAction> actions;
    for (std::int64_t id = 1; id <= 6; ++id) {
        IncidentAction opened = open_action(id, id % 2 == 0 ? k_theirs : k_ours);
        opened.asset = AssetId{id};
        opened.title =
            "Gr\xc3\xb6\xc3\x9f"
            "e \"" +
            std::to_string(id) + "\" \xf0\x9f\x94\xa5";
        actions.push_back(opened);
        if (id > 2) actions.push_back(then(opened, IncidentKind::set_priority));
        if (id > 3) actions.push_back(then(opened, IncidentKind::resolve, 0));
        if (id > 5) actions.push_back(then(opened, IncidentKind::reopen));
    }
    Changes changes = changes_of(actions);
    for (std::int64_t id = 1; id <= 6; ++id) {
        changes.new_assets.push_back(asset_of(id, id % 2 == 0 ? k_theirs : k_ours));
    }
    must(world.tickets->apply(*world.connection, changes, world.sequences));
    world.sequences.next_incident = 7;
    world.sequences.next_asset = 7;
    CreateIncident create;
    create.title = "by hand";
    create.asset = AssetId{1};
    must(world.execute(command_of(create)));
    must(world.execute(command_of(AddNote{IncidentId{1}, "a\nb", Visibility::public_})));
    must(world.execute(command_of(AssignIncident{IncidentId{1}, "ann", "day"})));
    must(world.execute(command_of(ChangeIncidentState{IncidentId{3}, IncidentState::on_hold,
                                                      HoldReason::vendor, CloseCode::none, ""})));
    records::Token token;
    token.kind = records::TokenKind::enrolment;
    token.organisation = k_theirs;
    const auto made = must(records::insert_token(*world.connection, token, "hash"));
    EnrolAgent enrol;
    enrol.agent_id = "agent-1";
    enrol.token_id = made.id.value;
    enrol.facts = machine(8);
    must(world.execute(command_of(enrol, k_theirs)));
    must(world.execute(command_of(ReportFacts{"agent-1", machine(8)}, k_theirs)));
    must(transaction.commit());
}

}  // namespace

TEST_CASE("tickets: equal changes and commands give equal rows, to the byte, on every engine") {
    std::vector<Texts> all;
    for (const Kind kind : kinds()) {
        Records world(kind);
        live_a_day(world);
        all.push_back(world.tables());
    }
    CHECK(all.front().size() > 40);
    for (const Texts& rows : all) CHECK(rows == all.front());
}

TEST_CASE("tickets: people read what was written, on every engine") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    live_a_day(world);
    auto& connection = *world.connection;
    const auto page = must(world.desk->incidents(connection, Scope::all(), {}, {0, 3}));
    CHECK(numbers_of(page.items) == std::vector<std::int64_t>{7, 6, 5});
    REQUIRE(page.next);
    const auto rest = must(world.desk->incidents(connection, Scope::all(), {}, {*page.next, 9}));
    CHECK(numbers_of(rest.items) == std::vector<std::int64_t>{4, 3, 2, 1});
    for (const Incident& incident : rest.items) {
        const auto one = must(world.desk->incident(connection, Scope::all(), incident.id));
        CHECK(to_json(one) == to_json(incident));
    }
    const auto timeline =
        must(world.desk->timeline(connection, Scope::of(k_ours), IncidentId{1}, {}));
    REQUIRE(timeline.items.size() == 3);
    CHECK(timeline.items[0].kind == TimelineKind::opened);
    CHECK(timeline.items[1].body == "a\nb");
    CHECK(timeline.items[1].visibility == Visibility::public_);
    CHECK(timeline.items[2].kind == TimelineKind::assigned);
    DeliveryFilter filter;
    filter.incident = IncidentId{6};
    CHECK(must(world.desk->deliveries(connection, Scope::all(), filter, {})).items.size() == 4);
    const Asset asset = must(world.desk->asset(connection, Scope::all(), AssetId{7}));
    CHECK(asset.facts == machine(8));
    CHECK(asset.identified_by == "agent key");
}

TEST_CASE("tickets: a part of an asset's name is found alike on every engine") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    const char* const names[] = {"DB-Server_01", "100%", "back\\slash", "M\xc3\xbcnchen",
                                 "\xc3\x84PFEL"};
    std::int64_t id = 0;
    for (const char* name : names) {
        Asset asset = asset_of(++id);
        asset.name = name;
        must(itsm::insert_asset(*world.connection, asset));
    }
    const auto found = [&](const std::string& text) {
        const AssetFilter filter{text};
        return numbers_of(
            must(world.desk->assets(*world.connection, Scope::all(), filter, {})).items);
    };
    using Ids = std::vector<std::int64_t>;
    CHECK(found("server") == Ids{1});
    CHECK(found("R_0") == Ids{1});
    CHECK(found("%") == Ids{2});
    CHECK(found("\\S") == Ids{3});
    CHECK(found("M\xc3\xbcNCH") == Ids{4});
    CHECK(found("\xc3\x84pfel") == Ids{5});
    CHECK(found("'; DROP TABLE assets; --").empty());
}

TEST_CASE("tickets: a refused command leaves the transaction as usable as it was") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    {
        auto transaction = must(storage::Transaction::begin(connection));
        must(world.tickets->apply(connection, changes_of({open_action(1)}), world.sequences));
        const CommandBody refused[] = {
            AddNote{IncidentId{9}, "x", Visibility::work_note},
            AddNote{IncidentId{1}, std::string("a\0b", 3), Visibility::work_note},
            AddNote{IncidentId{1}, "caf\xe9", Visibility::work_note},
            AssignIncident{IncidentId{1}, std::string(5000, 'a'), ""},
        };
        for (const CommandBody& body : refused) {
            must(connection.execute("SAVEPOINT command"));
            const auto outcome = world.execute(command_of(body));
            REQUIRE(!outcome);
            // What the engine takes as an answer; anything else it would repeat for ever.
            CHECK((outcome.error().code == ErrorCode::not_found ||
                   outcome.error().code == ErrorCode::invalid_input));
            must(connection.execute("ROLLBACK TO SAVEPOINT command"));
        }
        must(transaction.commit());
    }
    CHECK(must(itsm::find_incident(connection, Scope::all(), IncidentId{1})).version == 1);
    CHECK(rows(connection, "SELECT kind FROM incident_timeline", 1) == Texts{"0"});
}

TEST_CASE("tickets: the desk reads on a read-only connection and cannot write there") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    put(*world.connection, {.id = 1, .incident = 1, .state = DeliveryState::dead});
    auto reader = must(world.database->connect_read_only());
    CHECK(must(world.desk->deliveries(*reader, Scope::all(), {}, {})).items.size() == 1);
    CHECK(!world.desk->retry_delivery(*reader, Scope::all(), DeliveryId{1}, moment(1)));
    must(world.desk->retry_delivery(*world.connection, Scope::all(), DeliveryId{1}, moment(1)));
}
