// Tenants are walls: no read under a scope gives a row from outside it, and none is missing.
#include "core/records/counts.hpp"
#include "tests/contract/records/tenants.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct Named {
    const char* name;
    Scope scope;
};

std::vector<Named> scopes() {
    return {{"all", Scope::all()},
            {"ours", Scope::of(k_ours)},
            {"theirs", Scope::of(k_theirs)},
            {"both", Scope::of({k_theirs, k_ours})},
            {"a third", Scope::of(OrganisationId{3})},
            {"none", Scope::of(std::vector<OrganisationId>{})}};
}

// What a scope should show of all rows.
std::vector<Seen> allowed(const std::vector<Seen>& all, const Scope& scope, bool shared_rows) {
    std::vector<Seen> out;
    for (const Seen& row : all) {
        const bool shared = shared_rows && !row.organisation.is_set();
        const bool mine = scope.allows(row.organisation) && (scope.is_all() || !row.for_all);
        if (shared || mine) out.push_back(row);
    }
    return out;
}

std::string told(const std::vector<Seen>& rows) {
    std::string out;
    for (const Seen& row : rows) {
        out += std::to_string(row.organisation.value) + ":" + row.row + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("tenants: both organisations have rows of every kind") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    for (const Read& read : reads()) {
        CAPTURE(read.name);
        std::size_t ours = 0;
        std::size_t theirs = 0;
        for (const Seen& row : read.run(world, Scope::all())) {
            ours += row.organisation == k_ours ? 1 : 0;
            theirs += row.organisation == k_theirs ? 1 : 0;
        }
        CHECK(ours > 0);
        CHECK(theirs > 0);
    }
}

TEST_CASE("tenants: each read under each scope gives exactly that scope's rows") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    for (const Read& read : reads()) {
        const auto all = read.run(world, Scope::all());
        for (const Named& named : scopes()) {
            CAPTURE(read.name, named.name);
            CHECK(told(read.run(world, named.scope)) ==
                  told(allowed(all, named.scope, read.shared_rows)));
        }
    }
}

TEST_CASE("tenants: counts add up over the organisations and tell nothing across") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Tenants world(kind);
    auto& connection = *world.connection;
    const auto all = must(records::counts(connection, Scope::all()));
    const auto ours = must(records::counts(connection, Scope::of(k_ours)));
    const auto theirs = must(records::counts(connection, Scope::of(k_theirs)));
    const auto both = must(records::counts(connection, Scope::of({k_ours, k_theirs})));
    CHECK(ours.firing_alerts > 0);
    CHECK(theirs.firing_alerts > 0);
    CHECK(ours.firing_alerts + theirs.firing_alerts == k_rows);
    CHECK(both.firing_alerts == all.firing_alerts);
    CHECK(ours.deliveries_dead + theirs.deliveries_dead == all.deliveries_dead);
    CHECK(ours.deliveries_waiting + theirs.deliveries_waiting == all.deliveries_waiting);
    for (std::size_t priority = 1; priority <= 5; ++priority) {
        CHECK(ours.open_incidents[priority] + theirs.open_incidents[priority] ==
              all.open_incidents[priority]);
    }
    must(
        world.connection->execute("UPDATE outbox SET last_error = 'secret of acme' WHERE "
                                  "organisation_id = 2"));
    CHECK(must(records::counts(connection, Scope::of(k_ours))).last_error == "gone");
    CHECK(must(records::counts(connection, Scope::of(k_theirs))).last_error == "secret of acme");
}
