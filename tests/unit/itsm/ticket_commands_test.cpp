// Commands of people: what each does, and what is answered when it may not.
#include "itsm/tickets/ticket_commands.hpp"

#include "core/model/json.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/incident_rows.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

const IncidentId k_open{1};
const IncidentId k_closed{2};
const IncidentId k_of_theirs{3};

std::vector<Subscription> chat() {
    Subscription subscription;
    subscription.connector = "chat";
    return {subscription};
}

// An open and a closed ticket of ours, and an open one of the others'.
struct Desk : Store {
    Desk() {
        must(insert_asset(*connection, asset_of(5)));
        must(insert_asset(*connection, asset_of(6, k_theirs)));
        must(tickets->apply(*connection,
                            changes_of({open_action(1), open_action(2), open_action(3, k_theirs)}),
                            sequences));
        must(connection->execute("UPDATE incidents SET state = 4, close_code = 1 WHERE id = 2"));
        sequences.next_incident = 4;
    }
    Result<CommandOutcome> execute(const Command& command) {
        return tickets->execute(*connection, command, {JournalSeq{900}, moment(500)}, sequences);
    }
    Incident incident(IncidentId id) { return must(find_incident(*connection, Scope::all(), id)); }
    std::string last_entry() {
        return texts(
                   "SELECT incident_id, kind, actor, at, journal_seq, body FROM "
                   "incident_timeline ORDER BY id DESC LIMIT 1",
                   6)
            .at(0);
    }
    std::string last_delivery() {
        return texts("SELECT operation, idempotency_key FROM outbox ORDER BY id DESC LIMIT 1", 2)
            .at(0);
    }
    std::unique_ptr<TicketStore> tickets = make_ticket_store(chat());
};

struct Case {
    const char* name;
    CommandBody (*body)(IncidentId);
    bool ended_allows;
    const char* entry;  // kind, actor, at, record, text
    const char* delivery;
};

CommandBody resolve(IncidentId id) {
    return ChangeIncidentState{id, IncidentState::resolved, HoldReason::none, CloseCode::solved,
                               "replaced it"};
}

// Each command about one ticket.
const Case k_cases[] = {
    {"note",
     [](IncidentId id) {
         return CommandBody(AddNote{id, "looked", Visibility::public_});
     },
     true, "6|ann|1764000500000|900|looked", "4"},
    {"assign",
     [](IncidentId id) {
         return CommandBody(AssignIncident{id, "bob", ""});
     },
     false, "4|ann|1764000500000|900|assigned to bob", "1"},
    {"state", resolve, false, "9|ann|1764000500000|900|new -> resolved (solved)\nreplaced it", "2"},
    {"priority",
     [](IncidentId id) {
         return CommandBody(ChangePriority{id, Level::high, Level::high, "vip"});
     },
     false, "2|ann|1764000500000|900|priority 2 -> 1\nvip", "1"},
};

}  // namespace

TEST_CASE("commands: each changes its ticket, tells the timeline and the connectors") {
    for (const Case& c : k_cases) {
        CAPTURE(c.name);
        Desk desk;
        const auto outcome = must(desk.execute(command_of(c.body(k_open))));
        REQUIRE(outcome.incident);
        CHECK(outcome.incident->version == 2);
        CHECK(to_json(*outcome.incident) == to_json(desk.incident(k_open)));
        CHECK(!outcome.asset);
        CHECK(outcome.agent_id.empty());
        CHECK(desk.last_entry() == "1|" + std::string(c.entry));
        CHECK(desk.last_delivery() == std::string(c.delivery) + "|INC0000001.2.chat");
    }
}

TEST_CASE("commands: the expected version decides, when one is expected") {
    for (const Case& c : k_cases) {
        CAPTURE(c.name);
        Desk desk;
        Command command = command_of(c.body(k_open));
        const Texts before = desk.tables();
        for (const std::int64_t wrong : {0, 2, -1}) {
            command.expected_version = wrong;
            const auto refused = desk.execute(command);
            REQUIRE(!refused);
            CHECK(refused.error().code == ErrorCode::conflict);
            CHECK(refused.error().message ==
                  "INC0000001 has version 1, not " + std::to_string(wrong));
        }
        CHECK(desk.tables() == before);
        command.expected_version = 1;
        CHECK(must(desk.execute(command)).incident->version == 2);
        CHECK(desk.execute(command).error().code == ErrorCode::conflict);  // done once
    }
}

TEST_CASE("commands: another organisation's ticket is not found, as one that never was") {
    for (const Case& c : k_cases) {
        for (const IncidentId id : {k_of_theirs, IncidentId{99}, IncidentId{}}) {
            CAPTURE(c.name, id.value);
            Desk desk;
            const Texts before = desk.tables();
            Command command = command_of(c.body(id));
            command.expected_version = 7;  // wrong too, but that is not told
            const auto refused = desk.execute(command);
            REQUIRE(!refused);
            CHECK(refused.error() ==
                  fail(ErrorCode::not_found, "no incident " + incident_number(id)));
            CHECK(desk.tables() == before);
        }
        Desk desk;
        CHECK(desk.execute(command_of(c.body(k_of_theirs), k_theirs)));
    }
}

TEST_CASE("commands: a closed ticket takes notes and nothing else") {
    for (const Case& c : k_cases) {
        CAPTURE(c.name);
        Desk desk;
        const Texts before = desk.tables();
        const auto done = desk.execute(command_of(c.body(k_closed)));
        REQUIRE(done.has_value() == c.ended_allows);
        if (done) continue;
        CHECK(done.error().code == ErrorCode::conflict);
        CHECK(desk.tables() == before);
    }
}

TEST_CASE("commands: what lacks something is invalid input and changes nothing") {
    Desk desk;
    const Texts before = desk.tables();
    const Sequences sequences = desk.sequences;
    const CommandBody lacking[] = {
        AddNote{k_open, "", Visibility::work_note},
        ChangeIncidentState{k_open, IncidentState::on_hold, HoldReason::none, CloseCode::none, ""},
        ChangeIncidentState{k_open, IncidentState::resolved, HoldReason::none, CloseCode::none,
                            "x"},
        ChangePriority{k_open, Level::high, Level::high, ""},
        CreateIncident{},
        AddNote{k_open, std::string(k_max_description_bytes + 1, 'x'), Visibility::work_note},
        AddNote{k_open, "caf\xe9", Visibility::work_note},
    };
    for (const CommandBody& body : lacking) {
        CAPTURE(body.index());
        CHECK(desk.execute(command_of(body)).error().code == ErrorCode::invalid_input);
    }
    CHECK(desk.tables() == before);
    CHECK(desk.sequences == sequences);
}

TEST_CASE("commands: a ticket made by hand takes the next id and its asset's site") {
    Desk desk;
    CreateIncident wanted;
    wanted.title = "Printer on fire";
    wanted.description = "third floor";
    wanted.asset = AssetId{5};
    const auto outcome = must(desk.execute(command_of(wanted)));
    REQUIRE(outcome.incident);
    CHECK(outcome.incident->id == IncidentId{4});
    CHECK(outcome.incident->site == SiteId{45});
    CHECK(outcome.incident->organisation == k_ours);
    CHECK(to_json(*outcome.incident) == to_json(desk.incident(IncidentId{4})));
    CHECK(desk.sequences.next_incident == 5);
    CHECK(desk.last_entry() == "4|0|ann|1764000500000|900|third floor");
    CHECK(desk.last_delivery() == "0|INC0000004.1.chat");
    wanted.asset = AssetId{};
    CHECK(!must(desk.execute(command_of(wanted))).incident->site.is_set());
}

TEST_CASE("commands: a ticket about another organisation's asset is not made") {
    Desk desk;
    const Texts before = desk.tables();
    CreateIncident wanted;
    wanted.title = "x";
    for (const std::int64_t id : {6, 99}) {
        wanted.asset = AssetId{id};
        CHECK(desk.execute(command_of(wanted)).error() ==
              fail(ErrorCode::not_found, "no asset " + std::to_string(id)));
    }
    CHECK(desk.tables() == before);
    CHECK(desk.sequences.next_incident == 4);
}

TEST_CASE("commands: each statement that fails is unavailable, and a roll back undoes it") {
    std::vector<Command> commands;
    for (const Case& c : k_cases) commands.push_back(command_of(c.body(k_open)));
    CreateIncident create;
    create.title = "x";
    create.asset = AssetId{5};
    commands.push_back(command_of(create));
    for (const Command& command : commands) {
        Desk desk;
        const Texts before = desk.tables();
        int failures = 0;
        for (std::uint64_t nth = 1; nth < 100; ++nth) {
            CAPTURE(command.body.index(), nth);
            Sequences sequences = desk.sequences;
            auto transaction = must(storage::Transaction::begin(*desk.connection));
            const auto failing = faulty(*desk.connection, fails_at(nth));
            const auto done =
                desk.tickets->execute(*failing, command, {JournalSeq{900}, moment(500)}, sequences);
            if (done) break;
            ++failures;
            CHECK(done.error().code == ErrorCode::unavailable);
        }
        CHECK(failures >= 5);
        CHECK(desk.tables() == before);
    }
}
