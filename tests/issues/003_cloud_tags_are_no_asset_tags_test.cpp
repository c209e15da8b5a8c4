// DMI's chassis asset tag was reported as the operator's. It is the same on every machine of a
// cloud, so two of them became one asset by the second identity rule.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "agent/inventory/facts.hpp"
#include "itsm/cmdb/canonical.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;

namespace {

constexpr const char* k_cloud_tags[] = {"Amazon EC2", "OracleCloud.com",
                                        "7783-7084-3265-9085-8269-3286-77"};

Facts facts_of_machine_tagged(const std::string& tag) {
    const test::TemporaryDirectory root;
    const std::string dmi = root.path() + "/sys/class/dmi/id";
    std::filesystem::create_directories(dmi);
    std::ofstream(dmi + "/sys_vendor") << "Dell Inc.\n";
    std::ofstream(dmi + "/product_serial") << "ABC1234\n";
    std::ofstream(dmi + "/chassis_asset_tag") << tag << "\n";
    return agent::collect_facts(root.path() + "/", "1.0");
}

}  // namespace

TEST_CASE("issue 003: only the operator's settings give an asset tag, the firmware does not") {
    for (const char* tag : k_cloud_tags) CHECK(facts_of_machine_tagged(tag).asset_tag.empty());
    const Facts facts = facts_of_machine_tagged("L-0042");
    CHECK(facts.asset_tag.empty());
    CHECK(facts.serial == "ABC1234");  // the rest of DMI is read
}

TEST_CASE("issue 003: a cloud's tag identifies nothing, whoever reports it") {
    Facts facts;
    for (const char* tag : k_cloud_tags) {
        facts.asset_tag = tag;
        CHECK(itsm::canonicalise(facts).asset_tag.empty());
    }
    facts.asset_tag = "L-0042";
    CHECK(itsm::canonicalise(facts).asset_tag == "L-0042");
}
