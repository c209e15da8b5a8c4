// Asset: a configuration item (CI) in the CMDB; outlives reinstalls and agents. Facts: what an
// endpoint says of itself, input of the identity rules (itsm/cmdb).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/strong_id.hpp"
#include "core/time/clock.hpp"

namespace gantry {

enum class AssetClass : std::uint8_t {
    server = 0,
    workstation,
    virtual_machine,
    container,
    host,
    service
};
enum class Lifecycle : std::uint8_t {
    ordered = 0,
    in_stock,
    deployed,
    maintenance,
    retired,
    disposed
};

[[nodiscard]] const char* to_string(AssetClass asset_class);
[[nodiscard]] const char* to_string(Lifecycle lifecycle);
[[nodiscard]] bool parse(std::string_view text, AssetClass& out);

// Raw, as read; canonicalising and placeholder lists belong to itsm/cmdb/identity. Empty = unknown.
struct Facts {
    std::string hostname;
    std::string fqdn;
    std::string manufacturer;
    std::string model;
    std::string serial;
    std::string smbios_uuid;
    std::string baseboard_serial;
    std::string asset_tag;
    std::string cloud_provider;
    std::string cloud_instance_id;
    std::string machine_id;
    std::string root_disk_serial;
    std::vector<std::string> macs;  // permanent, on-board
    std::string os_name;
    std::string os_version;
    std::string kernel;
    std::string architecture;
    std::string virtualisation;  // "", "kvm", "container" ...
    std::int64_t cpu_count = 0;
    std::int64_t memory_bytes = 0;
    std::string agent_version;

    friend bool operator==(const Facts&, const Facts&) = default;
};

struct Asset {
    AssetId id;
    OrganisationId organisation;
    SiteId site;
    AssetClass asset_class = AssetClass::host;
    std::string name;
    Facts facts;
    Lifecycle lifecycle = Lifecycle::deployed;
    std::string identified_by;  // rule that last matched it: "agent key", "serial and uuid" ...
    Instant created_at{};
    Instant last_seen_at{};
    std::int64_t version = 1;
};

}  // namespace gantry
