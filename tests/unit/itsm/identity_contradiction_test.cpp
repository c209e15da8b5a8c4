// What contradicts: a fact that says "another machine" beats one that says "the same".
#include <catch2/catch.hpp>

#include "itsm/cmdb/identity.hpp"
#include "tests/support/records_builders.hpp"
#include "tests/unit/itsm/identity_lookup.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

using Change = void (*)(Facts&);

struct Case {
    const char* what;
    Change known;  // applied to nothing: what the asset is known by
    Change seen;   // applied to that: what is seen now
    const char* rule;
};

void serial(Facts& f, const char* value) {
    f.manufacturer = "Dell Inc.";
    f.serial = value;
}
void uuid(Facts& f, int number) { f.smbios_uuid = machine(number).smbios_uuid; }
void cloud(Facts& f, const char* instance) {
    f.cloud_provider = "aws";
    f.cloud_instance_id = instance;
}

const Case k_cases[] = {
    {"serial, but another UUID", [](Facts& f) { serial(f, "S1"), uuid(f, 1); },
     [](Facts& f) { uuid(f, 2); }, "new"},
    {"serial of another maker", [](Facts& f) { serial(f, "S1"); },
     [](Facts& f) { f.manufacturer = "HPE"; }, "new"},
    {"UUID, but another serial", [](Facts& f) { serial(f, "S1"), uuid(f, 1); },
     [](Facts& f) { serial(f, "S2"); }, "new"},
    {"baseboard, but another serial",
     [](Facts& f) { serial(f, "S1"), f.baseboard_serial = "BOARD1"; },
     [](Facts& f) { serial(f, "S2"); }, "new"},
    {"baseboard, but another UUID",
     [](Facts& f) { f.manufacturer = "HPE", f.baseboard_serial = "BOARD1", uuid(f, 1); },
     [](Facts& f) { uuid(f, 2); }, "new"},
    {"machine id and disk, but another serial",
     [](Facts& f) {
         f = machine(1);
         f.smbios_uuid.clear();
         f.baseboard_serial.clear();
     },
     [](Facts& f) { serial(f, "S2"); }, "new"},
    {"machine id and disk, but another UUID",
     [](Facts& f) {
         f = machine(1);
         f.serial.clear();
         f.baseboard_serial.clear();
     },
     [](Facts& f) { uuid(f, 2); }, "new"},
    {"two cards, but another serial", [](Facts& f) { serial(f, "S1"), f.macs = machine(1).macs; },
     [](Facts& f) { serial(f, "S2"); }, "new"},
    {"two cards, but another UUID", [](Facts& f) { uuid(f, 1), f.macs = machine(1).macs; },
     [](Facts& f) { uuid(f, 2); }, "new"},
    {"one card of two", [](Facts& f) { f.macs = machine(1).macs; },
     [](Facts& f) { f.macs[0] = "00:25:90:00:02:01"; }, "new"},
    {"machine id, but another disk and other cards",
     [](Facts& f) {
         f.machine_id = machine(1).machine_id;
         f.root_disk_serial = "DISK1";
     },
     [](Facts& f) { f.root_disk_serial = "DISK2"; }, "new"},
    // Clouds clone machine ids and number their disks alike on every machine.
    {"machine id and disk, but another cloud instance",
     [](Facts& f) {
         cloud(f, "i-1");
         f.machine_id = machine(1).machine_id;
         f.root_disk_serial = "persistent-disk-0";
     },
     [](Facts& f) { cloud(f, "i-2"); }, "new"},
    {"baseboard, but another cloud instance",
     [](Facts& f) { cloud(f, "i-1"), f.baseboard_serial = "BOARD1"; },
     [](Facts& f) { cloud(f, "i-2"); }, "new"},
    {"serial, but another cloud instance", [](Facts& f) { cloud(f, "i-1"), serial(f, "S1"); },
     [](Facts& f) { cloud(f, "i-2"); }, "new"},
    {"UUID, but another cloud instance", [](Facts& f) { cloud(f, "i-1"), uuid(f, 1); },
     [](Facts& f) { cloud(f, "i-2"); }, "new"},
    // The whole company's name in the field that is for one machine's tag.
    {"asset tag, but another serial and UUID",
     [](Facts& f) { f = machine(1), f.asset_tag = "ACME CORP"; },
     [](Facts& f) { f = machine(2), f.asset_tag = "ACME CORP"; }, "new"},
    {"asset tag, but another serial", [](Facts& f) { serial(f, "S1"), f.asset_tag = "ACME CORP"; },
     [](Facts& f) { serial(f, "S2"); }, "new"},
    {"asset tag, a new board in the old case",
     [](Facts& f) { f = machine(1), f.asset_tag = "TAG-1"; },
     [](Facts& f) { serial(f, "S2"), uuid(f, 2); }, "asset tag"},
    {"asset tag, the machine known by nothing else", [](Facts& f) { f.asset_tag = "TAG-1"; },
     [](Facts& f) { serial(f, "S2"), uuid(f, 2); }, "asset tag"},
    // A cloud changes the hardware under an instance when its type changes.
    {"cloud instance, but another serial and UUID",
     [](Facts& f) { cloud(f, "i-1"), serial(f, "ec2-1"), uuid(f, 1); },
     [](Facts& f) { serial(f, "ec2-2"), uuid(f, 2); }, "cloud instance"},
};

}  // namespace

TEST_CASE("identity: what agrees does not merge when something stronger differs") {
    for (const Case& c : k_cases) {
        CAPTURE(c.what);
        Facts facts;
        c.known(facts);
        KnownAssets known;
        known.add(9, facts);
        c.seen(facts);
        const auto match = must(identify(canonicalise(facts), known));
        CHECK(match.rule == c.rule);
        CHECK(match.asset.is_set() == (match.rule != "new"));
    }
}

TEST_CASE("identity: a fleet with one asset tag stays a fleet") {
    KnownAssets known;
    for (int number = 1; number <= 5; ++number) {
        Facts facts = machine(number);
        facts.asset_tag = "Property of ACME";
        CAPTURE(number);
        CHECK(must(identify(canonicalise(facts), known)).rule == "new");
        known.add(number, facts);
        CHECK(must(identify(canonicalise(facts), known)).asset == AssetId{number});
    }
}

TEST_CASE("identity: a candidate that is contradicted does not make the right one ambiguous") {
    Facts right = machine(1);
    Facts wrong = machine(2);
    wrong.serial = right.serial;  // a lot of boards with one serial
    KnownAssets known;
    known.add(3, wrong);
    known.add(4, right);
    CHECK(must(identify(canonicalise(right), known)).asset == AssetId{4});
}

TEST_CASE("consistent: a credential's machine may change parts, not become another machine") {
    const auto known = identity_keys(canonicalise([] {
        Facts facts = machine(1);
        facts.asset_tag = "TAG-1";
        cloud(facts, "i-1");
        return facts;
    }()));
    struct Check {
        const char* what;
        Facts facts;
        bool consistent;
    };
    Facts same = machine(1);
    Facts none;
    Facts renamed;
    renamed.hostname = "other";
    Facts new_board = machine(2);
    new_board.root_disk_serial = machine(1).root_disk_serial;
    Facts new_uuid = machine(1);
    uuid(new_uuid, 2);
    Facts tagged = machine(2);
    tagged.asset_tag = "TAG-1";
    Facts image = machine(2);
    image.machine_id = machine(1).machine_id;
    Facts moved_cloud;
    cloud(moved_cloud, "i-2");
    Facts other_disk;
    other_disk.root_disk_serial = "OTHER";
    const Check checks[] = {
        {"the same", same, true},
        {"nothing known", none, true},
        {"another name", renamed, true},
        {"another board, its disk", new_board, true},
        {"another UUID, its serial", new_uuid, true},
        {"another board, its tag", tagged, true},
        {"only another disk", other_disk, true},
        {"another machine", machine(2), false},
        {"its disk image on another machine", image, false},
        {"another cloud instance", moved_cloud, false},
    };
    for (const Check& check : checks) {
        CAPTURE(check.what);
        CHECK(is_consistent(canonicalise(check.facts), known) == check.consistent);
    }
    CHECK(is_consistent(canonicalise(machine(2)), {}));
}
