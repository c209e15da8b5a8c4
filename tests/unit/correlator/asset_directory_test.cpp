#include "correlator/state/asset_directory.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::correlator;

namespace {

Asset host(std::int64_t id, std::string name) {
    Asset out;
    out.id = AssetId{id};
    out.organisation = OrganisationId{1};
    out.name = std::move(name);
    return out;
}

constexpr OrganisationId k_org{1};

}  // namespace

TEST_CASE("asset directory: a renamed asset is found by its new names only") {
    AssetDirectory directory;
    directory.learn(host(1, "old.example.com"));
    CHECK(directory.by_host(k_org, "old") == AssetId{1});
    directory.learn(host(1, "new.example.com"));
    CHECK(directory.by_host(k_org, "new") == AssetId{1});
    CHECK_FALSE(directory.by_host(k_org, "old"));
    CHECK_FALSE(directory.by_host(k_org, "old.example.com"));
    CHECK(directory.size() == 1);
}

TEST_CASE("asset directory: proof sticks, whichever comes first and whatever is learned later") {
    AssetDirectory directory;
    directory.prove(AssetId{2}, "");
    for (const std::int64_t id : {1, 2, 3}) directory.learn(host(id, "a"));
    CHECK(directory.by_host(k_org, "a") == AssetId{2});
    directory.learn(host(2, "a"));
    CHECK(directory.by_host(k_org, "a") == AssetId{2});
    directory.prove(AssetId{3}, "");
    CHECK_FALSE(directory.by_host(k_org, "a"));  // two agents claim the name: neither
}

TEST_CASE("asset directory: a proof may bring a host name") {
    AssetDirectory directory;
    directory.learn(host(1, "inventory-17"));
    directory.prove(AssetId{1}, "Web01");
    CHECK(directory.by_host(k_org, "web01.example.com") == AssetId{1});
    CHECK(directory.by_host(k_org, "inventory-17") == AssetId{1});
}

TEST_CASE("asset directory: addresses and empty names have no short form") {
    AssetDirectory directory;
    directory.learn(host(1, "10"));
    directory.learn(host(2, "fe80::1.example"));
    CHECK_FALSE(directory.by_host(k_org, "10.0.0.1"));
    CHECK_FALSE(directory.by_host(k_org, "fe80::1"));
    CHECK_FALSE(directory.by_host(k_org, ""));
    CHECK_FALSE(directory.by_host(k_org, "."));
    CHECK_FALSE(directory.by_host(OrganisationId{2}, "10"));
}

TEST_CASE("asset directory: services are found by service name, not by host name") {
    AssetDirectory directory;
    auto service = host(1, "shop");
    service.asset_class = AssetClass::service;
    directory.learn(service);
    CHECK(directory.by_service(k_org, "shop") == AssetId{1});
    CHECK_FALSE(directory.by_service(OrganisationId{2}, "shop"));
    CHECK_FALSE(directory.by_host(k_org, "shop"));
    service.name = "store";
    directory.learn(service);
    CHECK_FALSE(directory.by_service(k_org, "shop"));
    CHECK(directory.by_service(k_org, "store") == AssetId{1});
}
