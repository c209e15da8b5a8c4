// The identity rules: each one, their order, and what several candidates mean.
#include "itsm/cmdb/identity.hpp"

#include <catch2/catch.hpp>

#include "tests/support/records_builders.hpp"
#include "tests/unit/itsm/identity_lookup.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

// A machine with every fact there is.
Facts full(int number = 1) {
    Facts facts = machine(number);
    facts.asset_tag = "TAG-" + std::to_string(number);
    facts.cloud_provider = "aws";
    facts.cloud_instance_id = "i-0abc" + std::to_string(number);
    return facts;
}

struct Rule {
    const char* name;
    void (*give)(const Facts& from, Facts& to);  // the facts that this rule needs, no others
};

// In the order of the contract.
const Rule k_rules[] = {
    {"asset tag", [](const Facts& from, Facts& to) { to.asset_tag = from.asset_tag; }},
    {"cloud instance",
     [](const Facts& from, Facts& to) {
         to.cloud_provider = from.cloud_provider;
         to.cloud_instance_id = from.cloud_instance_id;
     }},
    {"serial and uuid",
     [](const Facts& from, Facts& to) {
         to.manufacturer = from.manufacturer;
         to.serial = from.serial;
         to.smbios_uuid = from.smbios_uuid;
     }},
    {"serial",
     [](const Facts& from, Facts& to) {
         to.manufacturer = from.manufacturer;
         to.serial = from.serial;
     }},
    {"uuid", [](const Facts& from, Facts& to) { to.smbios_uuid = from.smbios_uuid; }},
    {"baseboard serial",
     [](const Facts& from, Facts& to) {
         to.manufacturer = from.manufacturer;
         to.baseboard_serial = from.baseboard_serial;
     }},
    {"machine id and network card or disk",
     [](const Facts& from, Facts& to) {
         to.machine_id = from.machine_id;
         to.root_disk_serial = from.root_disk_serial;
     }},
    {"two network cards", [](const Facts& from, Facts& to) { to.macs = from.macs; }},
};

IdentityMatch find(const Facts& facts, IdentityLookup& known) {
    return must(identify(canonicalise(facts), known));
}

}  // namespace

TEST_CASE("identity: nothing known makes a new asset") {
    KnownAssets known;
    const auto match = find(full(), known);
    CHECK(!match.asset.is_set());
    CHECK(match.rule == "new");
}

TEST_CASE("identity: each rule finds the asset by its facts alone") {
    for (const Rule& rule : k_rules) {
        CAPTURE(rule.name);
        Facts seen;
        rule.give(full(), seen);
        KnownAssets known;
        known.add(8, full(2));
        known.add(9, seen);
        const auto match = find(seen, known);
        CHECK(match.asset == AssetId{9});
        CHECK(match.rule == rule.name);
    }
}

TEST_CASE("identity: of two assets that match by different rules the earlier rule decides") {
    const std::size_t count = std::size(k_rules);
    for (std::size_t first = 0; first < count; ++first) {
        for (std::size_t second = first + 1; second < count; ++second) {
            CAPTURE(k_rules[first].name, k_rules[second].name);
            Facts one;
            Facts two;
            k_rules[first].give(full(), one);
            k_rules[second].give(full(), two);
            KnownAssets known;
            known.add(9, one);
            known.add(3, two);  // a smaller id does not help
            const auto match = find(full(), known);
            CHECK(match.asset == AssetId{9});
            CHECK(match.rule == k_rules[first].name);
        }
    }
}

TEST_CASE("identity: a rule with two candidates is passed over; a later one may decide") {
    for (const Rule& rule : k_rules) {
        CAPTURE(rule.name);
        Facts seen;
        rule.give(full(), seen);
        KnownAssets known;
        known.add(3, seen);
        known.add(4, seen);
        CHECK(find(seen, known).rule == "new");
    }
    KnownAssets known;
    Facts tagged;
    tagged.asset_tag = full().asset_tag;
    known.add(3, tagged);
    known.add(4, tagged);
    known.add(5, machine(1));
    CHECK(find(full(), known).asset == AssetId{5});
    CHECK(find(full(), known).rule == "serial and uuid");
}

TEST_CASE("identity: the rest of the machine may have changed") {
    KnownAssets known;
    known.add(9, full());
    Facts reinstalled = full();
    reinstalled.hostname = "renamed";
    reinstalled.machine_id = machine(5).machine_id;
    reinstalled.root_disk_serial = "OTHER";
    reinstalled.macs.clear();
    reinstalled.asset_tag.clear();
    reinstalled.cloud_provider.clear();
    CHECK(find(reinstalled, known).asset == AssetId{9});
    CHECK(find(reinstalled, known).rule == "serial and uuid");
}

TEST_CASE("identity: a UUID in the other byte order is the same machine") {
    KnownAssets known;
    known.add(9, machine(1));
    Facts swapped;
    swapped.smbios_uuid = "44454c4c-4200-1035-8052-b4c04f4e3311";
    CHECK(find(swapped, known).asset == AssetId{9});
    CHECK(find(swapped, known).rule == "uuid");
}

TEST_CASE("identity: a serial matches while one side's UUID is unknown or a placeholder") {
    Facts blank = machine(1);
    blank.smbios_uuid = "03000200-0400-0500-0006-000700080009";
    Facts seen;
    seen.manufacturer = blank.manufacturer;
    seen.serial = blank.serial;
    seen.smbios_uuid = machine(1).smbios_uuid;
    KnownAssets known;
    known.add(9, blank);
    CHECK(find(seen, known).rule == "serial");
    KnownAssets reverse;
    reverse.add(9, machine(1));
    CHECK(find(blank, reverse).asset == AssetId{9});
    CHECK(find(blank, reverse).rule == "serial");
}

TEST_CASE("identity: a machine id needs a network card or the root disk beside it") {
    KnownAssets known;
    known.add(9, machine(1));
    Facts seen;
    seen.machine_id = machine(1).machine_id;
    CHECK(find(seen, known).rule == "new");
    seen.macs = {machine(1).macs[1]};
    CHECK(find(seen, known).asset == AssetId{9});
    seen.macs.clear();
    seen.root_disk_serial = machine(1).root_disk_serial;
    CHECK(find(seen, known).asset == AssetId{9});
}

TEST_CASE("identity: a clone of a disk image is its own asset") {
    // A golden image carries the machine id; the hardware tells the copies apart.
    KnownAssets known;
    known.add(9, machine(1));
    Facts clone = machine(2);
    clone.machine_id = machine(1).machine_id;
    clone.hostname = machine(1).hostname;
    CHECK(find(clone, known).rule == "new");
}

TEST_CASE("identity: a host name alone never merges") {
    KnownAssets known;
    Facts named;
    named.hostname = "web01";
    named.fqdn = "web01.example.com";
    known.add(9, named);
    CHECK(find(named, known).rule == "new");
    CHECK(identity_keys(canonicalise(named)).empty());
}

TEST_CASE("identity: placeholders and containers match nobody, not even each other") {
    Facts blank;
    blank.manufacturer = "System manufacturer";
    blank.serial = "System Serial Number";
    blank.baseboard_serial = "Default string";
    blank.asset_tag = "No Asset Tag";
    blank.smbios_uuid = "00000000-0000-0000-0000-000000000000";
    blank.macs = {"02:42:ac:11:00:02", "02:42:ac:11:00:03"};
    Facts container = full();
    container.virtualisation = "docker";
    for (const Facts& facts : {blank, container}) {
        KnownAssets known;
        known.add(9, facts);
        CHECK(find(facts, known).rule == "new");
        CHECK(known.calls == 0);  // it is not even asked
    }
}

TEST_CASE("identity: a fleet that shares a key costs a question for the key, not for each of it") {
    KnownAssets known;
    for (int id = 1; id <= 100; ++id) {
        Facts one = full();
        one.serial = "SERIAL-" + std::to_string(id);
        one.smbios_uuid.clear();
        one.macs.clear();
        known.add(id, one);
    }
    Facts facts = full();
    facts.serial = "SERIAL-7";
    facts.macs.clear();
    std::map<AssetId, int> asked;
    const auto claims = [&](Claim claim) {
        return [&, claim](AssetId asset) -> Result<Claim> {
            ++asked[asset];
            return claim;
        };
    };
    facts.asset_tag.clear();
    facts.smbios_uuid.clear();
    facts.cloud_instance_id.clear();
    CHECK(must(identify(canonicalise(facts), known, claims(Claim::free))).asset == AssetId{7});
    CHECK(asked == std::map<AssetId, int>{{AssetId{7}, 1}});  // who fits, not who shares
    asked.clear();
    const auto twin = must(identify(canonicalise(facts), known, claims(Claim::taken)));
    CHECK(!twin.asset.is_set());
    CHECK(twin.rule == "new");
    CHECK(twin.passed_over == AssetId{7});
    CHECK(asked == std::map<AssetId, int>{{AssetId{7}, 1}});  // though several rules match it
}

TEST_CASE("identity: of those that fit, what is mine goes before what is free") {
    KnownAssets known;
    for (int id = 1; id <= 3; ++id) known.add(id, full());
    const auto mine = [](std::int64_t id, Claim others) {
        return [id, others](AssetId asset) -> Result<Claim> {
            return asset.value == id ? Claim::mine : others;
        };
    };
    for (const Claim others : {Claim::free, Claim::taken}) {
        const auto match = must(identify(canonicalise(full()), known, mine(2, others)));
        CHECK(match.asset == AssetId{2});
        CHECK(!match.passed_over.is_set());
    }
    CHECK(!must(identify(canonicalise(full()), known, mine(9, Claim::free))).asset.is_set());
    const auto none = must(identify(canonicalise(full()), known, mine(9, Claim::taken)));
    CHECK(!none.passed_over.is_set());  // nobody's in particular
    const auto lost = identify(canonicalise(full()), known, [](AssetId) -> Result<Claim> {
        return fail(ErrorCode::unavailable, "lost");
    });
    REQUIRE(!lost);
    CHECK(lost.error().code == ErrorCode::unavailable);
}

TEST_CASE("identity: a lookup that fails is an error, whichever it is") {
    KnownAssets counted;
    for (int id = 1; id <= 2; ++id) counted.add(id, full());  // every rule is tried
    CHECK(find(full(), counted).rule == "new");
    REQUIRE(counted.calls > 8);
    for (int nth = 1; nth <= counted.calls; ++nth) {
        CAPTURE(nth);
        KnownAssets known;
        known.assets = counted.assets;
        known.fail_at = nth;
        const auto match = identify(canonicalise(full()), known);
        REQUIRE(!match);
        CHECK(match.error().code == ErrorCode::unavailable);
    }
}
