// Canonical facts: what identifies, freed of what only looks as if it did.
#include "itsm/cmdb/canonical.hpp"

#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "tests/support/records_builders.hpp"

using namespace gantry;
using namespace gantry::itsm;
using test::machine;

namespace {

struct Case {
    std::string raw;
    std::string canonical;
};

std::string repeated(const std::string& text, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += text;
    return out.substr(0, bytes);
}

// The first three fields of a UUID in the other byte order.
std::string other_order(const std::string& hex) {
    const auto byte = [&](std::size_t i) { return hex.substr(2 * i, 2); };
    return byte(3) + byte(2) + byte(1) + byte(0) + byte(5) + byte(4) + byte(7) + byte(6) +
           hex.substr(16);
}

std::string random_hex(RandomSource& random, std::size_t digits) {
    std::string out;
    for (std::size_t i = 0; i < digits; ++i) out += "0123456789abcdef"[random.below(16)];
    return out;
}

}  // namespace

TEST_CASE("canonical text: trimmed, upper case, one space between words") {
    const Case cases[] = {
        {"abc123", "ABC123"},
        {" \t abc123\r\n", "ABC123"},
        {"dell   inc.\tround  rock", "DELL INC. ROUND ROCK"},
        {std::string("ab\0cd", 5), "AB CD"},
        {std::string("ABC\0\0\0", 6), "ABC"},
        {"VMware-56 4d ab", "VMWARE-56 4D AB"},
        {"s\xc3\xa4ge", "S\xc3\xa4GE"},
        {repeated("AB", 255), repeated("AB", 255)},
        {repeated("AB", 256), ""},
        {"A", ""},
        {"", ""},
        {" \n ", ""},
    };
    for (const Case& c : cases) {
        CAPTURE(c.raw);
        CHECK(canonical_text(c.raw) == c.canonical);
        CHECK(canonical_text(canonical_text(c.raw)) == c.canonical);
    }
}

TEST_CASE("canonical text: what makers leave in the field identifies nothing") {
    for (const char* raw : {"To Be Filled By O.E.M.",
                            "to be filled by o.e.m.",
                            "  To be filled   by O.E.M. ",
                            "Default string",
                            "System Serial Number",
                            "None",
                            "N/A",
                            "NULL",
                            "Not Specified",
                            "Not Applicable",
                            "0123456789",
                            "123456789",
                            "1234567890",
                            "INVALID",
                            "unknown",
                            "No Asset Tag",
                            "Asset-1234567890",
                            "Chassis Serial Number",
                            "Base Board Serial Number",
                            "00000000",
                            "0",
                            "FFFFFFFFFFFF",
                            "ffff",
                            "XXXXXXXXXX",
                            "..........",
                            "----",
                            "OEM",
                            "<BAD INDEX>",
                            "QEMU",
                            "Test"}) {
        CAPTURE(raw);
        CHECK(canonical_text(raw).empty());
    }
}

TEST_CASE("canonical text: what merely contains a placeholder is kept") {
    for (const char* raw : {"NONE-4711", "TEST1", "01234567891", "OEM7", "0000A", "N/A2"}) {
        CAPTURE(raw);
        CHECK(canonical_text(raw) == raw);
    }
}

TEST_CASE("canonical UUID: every spelling and both byte orders give one value") {
    const std::string canonical = "44454c4c-4200-1035-8052-b4c04f4e3332";
    for (const char* raw :
         {"4c4c4544-0042-3510-8052-b4c04f4e3332", "44454c4c-4200-1035-8052-b4c04f4e3332",
          "4C4C4544-0042-3510-8052-B4C04F4E3332", "{4c4c4544-0042-3510-8052-b4c04f4e3332}",
          "4c4c4544004235108052b4c04f4e3332", " 4c4c4544-0042-3510-8052-b4c04f4e3332\n"}) {
        CAPTURE(raw);
        CHECK(canonical_uuid(raw) == canonical);
    }
}

TEST_CASE("canonical UUID: for any machine the byte order does not matter") {
    SeededRandom random(7);
    for (int i = 0; i < 300; ++i) {
        const std::string hex = random_hex(random, 32);
        CAPTURE(hex);
        const std::string canonical = canonical_uuid(hex);
        REQUIRE(canonical.size() == 36);
        CHECK(canonical_uuid(other_order(hex)) == canonical);
        CHECK(canonical_uuid(canonical) == canonical);
    }
}

TEST_CASE("canonical UUID: shared and empty ones identify nothing, in either order") {
    for (const char* hex :
         {"03000200040005000006000700080009", "00000000000000000000000000000000",
          "ffffffffffffffffffffffffffffffff", "20202020202020202020202020202020",
          "fefefefefefefefefefefefefefefefe", "12345678123456781234567812345678",
          "00020003000400050006000700080009", "0123456789abcdef0123456789abcdef",
          "deadbeefdeadbeefdeadbeefdeadbeef", "03d40274043505dc8506010700080009"}) {
        CAPTURE(hex);
        CHECK(canonical_uuid(hex).empty());
        CHECK(canonical_uuid(other_order(hex)).empty());
    }
    for (const char* raw :
         {"", "Not Settable", "4c4c4544-0042-3510-8052-b4c04f4e333",
          "4c4c4544-0042-3510-8052-b4c04f4e33320", "4c4c4544-0042-3510-8052-b4c04f4e333g",
          "0x4c4c4544004235108052b4c04f4e3332"}) {
        CAPTURE(raw);
        CHECK(canonical_uuid(raw).empty());
    }
}

TEST_CASE("canonical MAC: every spelling gives one") {
    for (const char* raw :
         {"00:25:90:ab:cd:ef", "00-25-90-AB-CD-EF", "0025.90ab.cdef", "002590ABCDEF"}) {
        CAPTURE(raw);
        CHECK(canonical_mac(raw) == "00:25:90:ab:cd:ef");
    }
}

TEST_CASE("canonical MAC: groups, local and virtual addresses identify nothing") {
    for (const char* raw :
         {"01:00:5e:00:00:01", "02:42:ac:11:00:02", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
          "00:0c:29:12:34:56", "00:50:56:12:34:56", "00:15:5d:12:34:56", "08:00:27:12:34:56",
          "52:54:00:12:34:56", "00:16:3e:12:34:56", "00:25:90:ab:cd", "00:25:90:ab:cd:ef:01",
          "00:25:90:ab:cd:eg", "", "fe80::225:90ff:feab:cdef%eth0"}) {
        CAPTURE(raw);
        CHECK(canonical_mac(raw).empty());
    }
}

TEST_CASE("canonical machine id: 32 digits, with or without dashes") {
    CHECK(canonical_machine_id("8F6C1A1B2C3D4E5F8F6C1A1B2C3D4E5A\n") ==
          "8f6c1a1b2c3d4e5f8f6c1a1b2c3d4e5a");
    CHECK(canonical_machine_id("8f6c1a1b-2c3d-4e5f-8f6c-1a1b2c3d4e5a") ==
          "8f6c1a1b2c3d4e5f8f6c1a1b2c3d4e5a");
    for (const char* raw : {"", "uninitialized", "00000000000000000000000000000000",
                            "8f6c1a1b2c3d4e5f8f6c1a1b2c3d4e5"}) {
        CAPTURE(raw);
        CHECK(canonical_machine_id(raw).empty());
    }
}

TEST_CASE("canonical host name: lower case without the root's dot; names of nobody are none") {
    CHECK(canonical_host_name(" Web01.Example.COM. ") == "web01.example.com");
    CHECK(canonical_host_name(repeated("a.b", 253)).size() == 253);
    for (const std::string& raw :
         {std::string("localhost"), std::string("LOCALHOST.localdomain"),
          std::string("raspberrypi"), std::string("..."), std::string(), repeated("ab", 254)}) {
        CAPTURE(raw);
        CHECK(canonical_host_name(raw).empty());
    }
}

TEST_CASE("canonical facts: a container keeps its name and nothing of its host") {
    for (const char* word : {"docker", "Docker", " podman ", "lxc", "systemd-nspawn", "container",
                             "kubernetes", "wsl", "openvz"}) {
        CAPTURE(word);
        Facts facts = machine(1);
        facts.asset_tag = "TAG-1";
        facts.cloud_provider = "aws";
        facts.cloud_instance_id = "i-0abc";
        facts.virtualisation = word;
        const CanonicalFacts canonical = canonicalise(facts);
        CHECK(canonical.container);
        CHECK(!canonical.virtual_machine);
        CHECK(canonical.host_name == "host11");
        for (const std::string& text :
             {canonical.asset_tag, canonical.cloud_instance, canonical.serial,
              canonical.smbios_uuid, canonical.baseboard_serial, canonical.machine_id,
              canonical.root_disk_serial}) {
            CHECK(text.empty());
        }
        CHECK(canonical.macs.empty());
    }
}

TEST_CASE("canonical facts: a virtual machine is told from a physical one") {
    for (const auto& [word, is_virtual] : std::vector<std::pair<std::string, bool>>{
             {"kvm", true}, {"VMware", true}, {"", false}, {"none", false}, {" None ", false}}) {
        CAPTURE(word);
        Facts facts = machine(1);
        facts.virtualisation = word;
        CHECK(canonicalise(facts).virtual_machine == is_virtual);
        CHECK(!canonicalise(facts).container);
    }
}

TEST_CASE("canonical facts: the full name goes before the short one, unless it is nobody's") {
    Facts facts;
    facts.hostname = "web01";
    CHECK(canonicalise(facts).host_name == "web01");
    facts.fqdn = "WEB01.example.com";
    CHECK(canonicalise(facts).host_name == "web01.example.com");
    facts.fqdn = "localhost.localdomain";
    CHECK(canonicalise(facts).host_name == "web01");
}

TEST_CASE("canonical facts: a serial counts together with its maker, none without") {
    Facts facts = machine(1);
    CHECK(canonicalise(facts).serial == "DELL INC.|SVC11");
    CHECK(canonicalise(facts).baseboard_serial == "DELL INC.|BOARD11");
    facts.manufacturer = "To Be Filled By O.E.M.";
    CHECK(canonicalise(facts).serial == "|SVC11");
    facts.serial = "Default string";
    facts.baseboard_serial = "None";
    CHECK(canonicalise(facts).serial.empty());
    CHECK(canonicalise(facts).baseboard_serial.empty());
}

TEST_CASE("canonical facts: a cloud instance needs its provider") {
    Facts facts;
    facts.cloud_instance_id = "i-0ABC";
    CHECK(canonicalise(facts).cloud_instance.empty());
    facts.cloud_provider = " AWS ";
    CHECK(canonicalise(facts).cloud_instance == "aws/i-0abc");
    facts.cloud_instance_id.clear();
    CHECK(canonicalise(facts).cloud_instance.empty());
}

TEST_CASE("canonical facts: network cards are sorted, each once, virtual ones left out") {
    Facts facts;
    facts.macs = {"00:25:90:00:00:02", "02:42:ac:11:00:02", "00-25-90-00-00-01",
                  "00:25:90:00:00:02"};
    CHECK(canonicalise(facts).macs ==
          std::vector<std::string>{"00:25:90:00:00:01", "00:25:90:00:00:02"});
}
