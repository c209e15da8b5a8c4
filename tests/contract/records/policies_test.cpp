// Policies, on every engine: layers by name and organisation, with a version.
#include "core/records/policies.hpp"

#include "tests/contract/records/records_world.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace gantry::records;

namespace {

PolicyRow layer(const std::string& name, OrganisationId organisation, const std::string& text) {
    PolicyRow row;
    row.name = name;
    row.organisation = organisation;
    row.document = text;
    return row;
}

Texts seen(Records& world, const Scope& scope) {
    Texts out;
    for (const PolicyRow& row : must(policies(*world.connection, scope))) {
        out.push_back(row.name + "@" + std::to_string(row.organisation.value) + " v" +
                      std::to_string(row.version) + " " + row.document);
    }
    return out;
}

}  // namespace

TEST_CASE("policies: a layer is made, then changed, each time one version higher") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    const auto put = [&](const std::string& text, std::optional<std::int64_t> version) {
        return put_policy(*world.connection, Scope::all(), layer("role:server", k_ours, text),
                          version, moment(5));
    };
    CHECK(must(put("{\"a\":1}", 0)).version == 1);
    CHECK(must(put("{\"a\":2}", 1)).version == 2);
    const PolicyRow third = must(put("{\"a\":3}", std::nullopt));
    CHECK(third.version == 3);
    CHECK(third.updated_at == moment(5));
    for (const std::int64_t wrong : {0, 2, 4}) {
        const auto refused = put("{}", wrong);
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::conflict);
    }
    CHECK(seen(world, Scope::all()) == Texts{"role:server@1 v3 {\"a\":3}"});
}

TEST_CASE("policies: one name in several organisations is several layers") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    const auto put = [&](OrganisationId organisation, const std::string& text) {
        must(put_policy(*world.connection, Scope::all(), layer("default", organisation, text), 0,
                        moment(5)));
    };
    put(OrganisationId{}, "all");
    put(k_ours, "ours");
    put(k_theirs, "theirs");
    CHECK(seen(world, Scope::all()) ==
          Texts{"default@0 v1 all", "default@1 v1 ours", "default@2 v1 theirs"});
    CHECK(seen(world, Scope::of(k_theirs)) == Texts{"default@0 v1 all", "default@2 v1 theirs"});
    CHECK(seen(world, Scope::of(std::vector<OrganisationId>{})) == Texts{"default@0 v1 all"});
}

TEST_CASE("policies: what is for all is changed by who sees all; another's does not exist") {
    const Kind kind = GENERATE(from_range(kinds()));
    INFO(name_of(kind));
    Records world(kind);
    auto& connection = *world.connection;
    must(put_policy(connection, Scope::all(), layer("default", OrganisationId{}, "{}"), 0,
                    moment(5)));
    const auto for_all = put_policy(connection, Scope::of(k_ours),
                                    layer("default", OrganisationId{}, "mine"), 1, moment(6));
    REQUIRE(!for_all);
    CHECK(for_all.error().code == ErrorCode::forbidden);  // it may be read, so it is no secret
    for (const std::int64_t version : {0, 1}) {
        const auto foreign = put_policy(connection, Scope::of(k_ours),
                                        layer("default", k_theirs, "mine"), version, moment(6));
        REQUIRE(!foreign);
        CHECK(foreign.error().code == ErrorCode::not_found);
    }
    CHECK(put_policy(connection, Scope::of(k_ours), layer("default", k_ours, "{}"), 0, moment(6)));
    CHECK(seen(world, Scope::all()) == Texts{"default@0 v1 {}", "default@1 v1 {}"});
}
