// Organisations, sites and users, on every engine.
#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

User user_of(const std::string& name, OrganisationId organisation = k_ours) {
    User user;
    user.name = name;
    user.role = Role::technician;
    user.organisation = organisation;
    user.password_hash = "$argon2id$" + name;
    return user;
}

std::vector<std::string> names(const std::vector<User>& users) {
    std::vector<std::string> out;
    for (const User& user : users) out.push_back(user.name);
    return out;
}

}  // namespace

TEST_CASE("access: the default organisation and its site are always there") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    const auto found = must(organisations(*world.connection, Scope::all(), {0, 100})).items;
    REQUIRE(found.size() == 2);
    CHECK(found[0].id == OrganisationId{1});
    CHECK(found[0].name == "default");
    const auto all = must(sites(*world.connection, Scope::all()));
    REQUIRE(all.size() == 1);
    CHECK(all[0].id == SiteId{1});
    CHECK(all[0].organisation == k_ours);
    CHECK(all[0].name == "default");
}

TEST_CASE("access: an organisation is made once and found by its exact name") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const std::string odd = "O'Brien & S\xc3\xb6hne \"GmbH\"; --";
    const auto made = must(ensure_organisation(connection, odd, moment(1)));
    CHECK(made.id == OrganisationId{3});
    CHECK(must(ensure_organisation(connection, odd, moment(2))).id == made.id);
    CHECK(must(organisation_named(connection, Scope::all(), odd)).id == made.id);
    CHECK(organisation_named(connection, Scope::all(), "ACME").error().code ==
          ErrorCode::not_found);
    CHECK(must(organisations(connection, Scope::all(), {0, 100})).items.size() == 3);
}

TEST_CASE("access: sites of equal names belong to their own organisations") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const Site ours = must(ensure_site(connection, k_ours, "Berlin", moment(1)));
    const Site theirs = must(ensure_site(connection, k_theirs, "Berlin", moment(1)));
    CHECK(ours.id != theirs.id);
    CHECK(must(ensure_site(connection, k_theirs, "Berlin", moment(2))).id == theirs.id);
    CHECK(must(sites(connection, Scope::of(k_theirs))).size() == 1);
    CHECK(must(sites(connection, Scope::all())).size() == 3);
}

TEST_CASE("access: a user comes back with every field") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    User wanted = user_of("ann", k_theirs);
    wanted.disabled = true;
    const User made = must(insert_user(*world.connection, wanted, moment(1)));
    CHECK(made.id == UserId{1});
    const User found = must(user_named(*world.connection, k_theirs, "ann"));
    CHECK(found.id == made.id);
    CHECK(found.name == "ann");
    CHECK(found.role == Role::technician);
    CHECK(!found.all_organisations);
    CHECK(found.organisation == k_theirs);
    CHECK(found.password_hash == "$argon2id$ann");
    CHECK(found.disabled);
    CHECK(user_named(*world.connection, k_theirs, "Ann").error().code == ErrorCode::not_found);
}

TEST_CASE("access: a user's name is taken once in its organisation, and free in another") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    const User ours = must(insert_user(connection, user_of("ann"), moment(1)));
    const auto again = insert_user(connection, user_of("ann"), moment(1));
    REQUIRE(!again);
    CHECK(again.error() == fail(ErrorCode::conflict, "a user \"ann\" exists already"));
    const User theirs = must(insert_user(connection, user_of("ann", k_theirs), moment(1)));
    CHECK(theirs.id == UserId{2});
    CHECK(must(user_named(connection, k_ours, "ann")).id == ours.id);
    CHECK(must(user_named(connection, k_theirs, "ann")).id == theirs.id);
}

TEST_CASE("access: who works for all organisations is seen by those who see all") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    User operator_ = user_of("operator");
    operator_.all_organisations = true;
    must(insert_user(*world.connection, operator_, moment(1)));
    must(insert_user(*world.connection, user_of("ann"), moment(1)));
    must(insert_user(*world.connection, user_of("bob", k_theirs), moment(1)));
    const auto seen = [&](const Scope& scope) {
        return names(must(users(*world.connection, scope, {0, 100})).items);
    };
    CHECK(seen(Scope::all()) == Texts{"operator", "ann", "bob"});
    CHECK(seen(Scope::of(k_ours)) == Texts{"ann"});
    CHECK(seen(Scope::of(k_theirs)) == Texts{"bob"});
    CHECK(seen(Scope::of(std::vector<OrganisationId>{})).empty());
}
