// Tenants are walls: a write to a row outside the scope is not found, and writes nothing.
#include "core/records/policies.hpp"
#include "tests/contract/records/tenants.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// Under the scope of `who`, on row `id` of whoever owns it.
struct Write {
    const char* name;
    std::function<Result<void>(Tenants&, OrganisationId who, std::int64_t id)> run;
};

Result<void> command(Tenants& world, OrganisationId who, CommandBody body) {
    auto outcome = world.execute(command_of(std::move(body), who));
    if (!outcome) return outcome.error();
    return {};
}

DeliveryId delivery(Tenants& world, std::int64_t incident, Operation operation) {
    const auto found =
        rows(*world.connection,
             "SELECT id FROM outbox WHERE incident_id = " + std::to_string(incident) +
                 " AND operation = " + std::to_string(static_cast<int>(operation)),
             1);
    return DeliveryId{std::stoll(found.at(0))};
}

std::vector<Write> commands() {
    return {
        {"note",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return command(w, who, AddNote{IncidentId{id}, "x", Visibility::work_note});
         }},
        {"assign",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return command(w, who, AssignIncident{IncidentId{id}, "eve", "x"});
         }},
        {"priority",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return command(w, who, ChangePriority{IncidentId{id}, Level::low, Level::low, "x"});
         }},
        {"state",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return command(w, who,
                            ChangeIncidentState{IncidentId{id}, IncidentState::resolved,
                                                HoldReason::none, CloseCode::solved, "x"});
         }},
        {"a ticket about an asset",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             CreateIncident create;
             create.title = "x";
             create.asset = AssetId{id};
             w.sequences.next_incident = 1000 + id;
             return command(w, who, create);
         }},
        {"facts of an agent",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return command(w, who, ReportFacts{"agent" + std::to_string(id), Facts{}});
         }},
    };
}

std::vector<Write> row_writes() {
    return {
        {"retrying a delivery",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return w.desk->retry_delivery(*w.connection, Scope::of(who),
                                           delivery(w, id, Operation::open), moment(1));
         }},
        {"discarding a delivery",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return w.desk->discard_delivery(*w.connection, Scope::of(who),
                                             delivery(w, id, Operation::note), moment(1));
         }},
        {"changing a user",
         [](Tenants& w, OrganisationId who, std::int64_t id) -> Result<void> {
             auto user = must(records::user_by_id(*w.connection, Scope::all(), UserId{id}));
             user.disabled = true;
             auto done = records::update_user(*w.connection, Scope::of(who), user);
             if (!done) return done.error();
             return {};
         }},
        {"revoking a token",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return records::revoke_token(*w.connection, Scope::of(who), TokenId{id}, moment(1));
         }},
        {"revoking an agent",
         [](Tenants& w, OrganisationId who, std::int64_t id) {
             return records::revoke_agent(*w.connection, Scope::of(who),
                                          "agent" + std::to_string(id));
         }},
        {"a policy",
         [](Tenants& w, OrganisationId who, std::int64_t id) -> Result<void> {
             records::PolicyRow row;
             row.name = "role:" + std::to_string(id / 2);
             row.organisation = owner_of(id);
             row.document = R"({"interval_s":1})";
             auto done =
                 records::put_policy(*w.connection, Scope::of(who), row, std::nullopt, moment(1));
             if (!done) return done.error();
             return {};
         }},
    };
}

std::vector<Write> writes() {
    std::vector<Write> all = commands();
    for (Write& write : row_writes()) all.push_back(std::move(write));
    return all;
}

OrganisationId other(OrganisationId organisation) {
    return organisation == k_ours ? k_theirs : k_ours;
}

}  // namespace

TEST_CASE("tenants: a write to another organisation's row is not found and changes nothing") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    const Texts before = world.tables();
    for (const Write& write : writes()) {
        for (std::int64_t id = 1; id <= k_rows; ++id) {
            for (const OrganisationId who : {other(owner_of(id)), OrganisationId{3}}) {
                CAPTURE(write.name, id, who.value);
                const auto done = write.run(world, who, id);
                REQUIRE(!done);
                CHECK(done.error().code == ErrorCode::not_found);
            }
        }
        CHECK(world.tables() == before);
    }
}

TEST_CASE("tenants: what is outside the scope answers as what never was") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    const std::int64_t theirs = 2;
    REQUIRE(owner_of(theirs) == k_theirs);
    const auto message = [&](const CommandBody& body) {
        return world.execute(command_of(body, k_ours)).error().message;
    };
    CHECK(message(AddNote{IncidentId{theirs}, "x", Visibility::work_note}) ==
          "no incident INC0000002");
    CHECK(message(AddNote{IncidentId{99}, "x", Visibility::work_note}) == "no incident INC0000099");
    CHECK(message(ReportFacts{"agent2", Facts{}}) == "no agent agent2");
    CHECK(message(ReportFacts{"agent99", Facts{}}) == "no agent agent99");
}

TEST_CASE("tenants: the same writes are done for the rows' own organisation") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    for (const Write& write : writes()) {
        for (const std::int64_t id : {1, 2}) {
            CAPTURE(write.name, id);
            const Texts before = world.tables();
            const auto done = write.run(world, owner_of(id), id);
            INFO((done ? "" : done.error().message));
            CHECK(done);
            CHECK(world.tables() != before);
        }
    }
}

TEST_CASE("tenants: a token for all organisations is nobody's to revoke who does not see all") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    const auto revoke = [&](const Scope& scope) {
        return records::revoke_token(*world.connection, scope, TokenId{5}, moment(1));
    };
    CHECK(revoke(Scope::of(owner_of(5))).error().code == ErrorCode::not_found);
    CHECK(revoke(Scope::of({k_ours, k_theirs})).error().code == ErrorCode::not_found);
    CHECK(revoke(Scope::all()));
}
