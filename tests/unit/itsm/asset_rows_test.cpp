// Assets and identities as rows, and the lookup of the identity rules over them.
#include "itsm/cmdb/asset_rows.hpp"

#include "core/model/json.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

TEST_CASE("asset rows: every field comes back, and an update writes what changes") {
    Store store;
    Asset asset = asset_of(5, k_theirs);
    asset.facts.os_name = "Debian \"12\"";
    asset.facts.memory_bytes = 64LL << 30;
    must(insert_asset(*store.connection, asset));
    CHECK(to_json(must(find_asset(*store.connection, Scope::all(), asset.id))) == to_json(asset));
    Asset changed = asset;
    changed.organisation = k_ours;      // never changes
    changed.created_at = moment(9000);  // never changes
    changed.site = SiteId{9};
    changed.asset_class = AssetClass::virtual_machine;
    changed.name = "renamed";
    changed.facts = machine(6);
    changed.lifecycle = Lifecycle::retired;
    changed.identified_by = "uuid";
    changed.last_seen_at = moment(99);
    changed.version = 4;
    must(update_asset(*store.connection, changed));
    changed.organisation = asset.organisation;
    changed.created_at = asset.created_at;
    CHECK(to_json(must(find_asset(*store.connection, Scope::all(), asset.id))) == to_json(changed));
}

TEST_CASE("asset rows: outside the scope an asset does not exist") {
    Store store;
    must(insert_asset(*store.connection, asset_of(5, k_theirs)));
    CHECK(find_asset(*store.connection, Scope::of(k_theirs), AssetId{5}));
    for (const Scope& scope : {Scope::of(k_ours), Scope::of(std::vector<OrganisationId>{})}) {
        CHECK(find_asset(*store.connection, scope, AssetId{5}).error() ==
              fail(ErrorCode::not_found, "no asset 5"));
    }
}

TEST_CASE("asset rows: identities are replaced as a whole") {
    Store store;
    auto& connection = *store.connection;
    SqlIdentityLookup lookup(connection, k_ours);
    must(save_identities(connection, k_ours, AssetId{5}, {{"serial", "A"}, {"mac", "1"}}));
    must(save_identities(connection, k_ours, AssetId{6}, {{"serial", "A"}}));
    CHECK(must(lookup.assets_with({"serial", "A"})) ==
          std::vector<AssetId>{AssetId{5}, AssetId{6}});
    must(save_identities(connection, k_ours, AssetId{5}, {{"serial", "B"}}));
    CHECK(must(lookup.keys_of(AssetId{5})) == std::vector<IdentityKey>{{"serial", "B"}});
    CHECK(must(lookup.assets_with({"serial", "A"})) == std::vector<AssetId>{AssetId{6}});
    CHECK(must(lookup.assets_with({"mac", "1"})).empty());
    const auto known = must(lookup.known_with({"serial", "A"}));
    REQUIRE(known.size() == 1);
    CHECK(known[0].asset == AssetId{6});
    CHECK(known[0].keys == must(lookup.keys_of(AssetId{6})));
    CHECK(must(lookup.known_with({"mac", "1"})).empty());
    must(save_identities(connection, k_ours, AssetId{5}, {}));
    CHECK(must(lookup.keys_of(AssetId{5})).empty());
}

TEST_CASE("asset rows: the lookup sees its own organisation and the kind it asks for") {
    Store store;
    auto& connection = *store.connection;
    must(save_identities(connection, k_ours, AssetId{5}, {{"serial", "A"}}));
    must(save_identities(connection, k_theirs, AssetId{6}, {{"serial", "A"}, {"uuid", "A"}}));
    SqlIdentityLookup ours(connection, k_ours);
    SqlIdentityLookup theirs(connection, k_theirs);
    CHECK(must(ours.assets_with({"serial", "A"})) == std::vector<AssetId>{AssetId{5}});
    CHECK(must(theirs.assets_with({"serial", "A"})) == std::vector<AssetId>{AssetId{6}});
    CHECK(must(ours.known_with({"serial", "A"})).size() == 1);
    CHECK(must(theirs.known_with({"serial", "A"}))[0].asset == AssetId{6});
    CHECK(must(ours.assets_with({"uuid", "A"})).empty());
    CHECK(must(ours.assets_with({"serial", "a"})).empty());
}

TEST_CASE("asset rows: the rules run over the rows as over anything") {
    Store store;
    auto& connection = *store.connection;
    const CanonicalFacts facts = canonicalise(machine(1));
    must(save_identities(connection, k_theirs, AssetId{6}, identity_keys(facts)));
    SqlIdentityLookup ours(connection, k_ours);
    CHECK(must(identify(facts, ours)).rule == "new");
    must(save_identities(connection, k_ours, AssetId{5}, identity_keys(facts)));
    CHECK(must(identify(facts, ours)).asset == AssetId{5});
}

TEST_CASE("asset rows: a failing statement is an error of each function") {
    Store store;
    must(insert_asset(*store.connection, asset_of(5)));
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
        const auto failing = faulty(*store.connection, fails_at(nth));
        CHECK(save_identities(*failing, k_ours, AssetId{5}, {{"serial", "A"}, {"mac", "1"}})
                  .error()
                  .code == ErrorCode::unavailable);
    }
    const auto one = faulty(*store.connection, fails_at(1));
    CHECK(find_asset(*one, Scope::all(), AssetId{5}).error().code == ErrorCode::unavailable);
    const auto two = faulty(*store.connection, fails_at(1));
    CHECK(identify(canonicalise(machine(1)), *std::make_unique<SqlIdentityLookup>(*two, k_ours))
              .error()
              .code == ErrorCode::unavailable);
}
