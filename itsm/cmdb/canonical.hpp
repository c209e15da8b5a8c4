// Canonical facts: what identifies a machine, freed of everything that only looks as if it did.
// Trimmed, upper-cased, without vendors' placeholders, SMBIOS UUIDs in one byte order, MACs without
// locally administered and virtual ones. Empty = does not identify. Pure.
// Placeholder lists: GLPI's import rules and glpi-agent's isInvalidBiosValue, osquery's
// core/system.cpp, and what was seen in the wild (docs/adr).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/asset.hpp"

namespace gantry::itsm {

struct CanonicalFacts {
    std::string host_name;  // lower case, the fqdn when known
    std::string asset_tag;
    std::string cloud_instance;    // "aws/i-0abc"
    std::string serial;            // "DELL INC.|ABC1234": makers' serials collide with each other
    std::string smbios_uuid;       // lower case, the smaller of both byte orders
    std::string baseboard_serial;  // "SUPERMICRO|..."
    std::string machine_id;
    std::string root_disk_serial;
    std::vector<std::string> macs;  // sorted, unique, "00:25:90:ab:cd:ef"
    bool container = false;         // shares the host's hardware facts, so none of them is kept
    bool virtual_machine = false;
};

[[nodiscard]] CanonicalFacts canonicalise(const Facts& facts);

// The parts, each "" or nullopt for what does not identify.
[[nodiscard]] std::string canonical_text(std::string_view text);  // serials, tags
[[nodiscard]] std::string canonical_uuid(std::string_view text);
[[nodiscard]] std::string canonical_mac(std::string_view text);
[[nodiscard]] std::string canonical_machine_id(std::string_view text);
[[nodiscard]] std::string canonical_host_name(std::string_view text);
[[nodiscard]] bool is_container(std::string_view virtualisation);

}  // namespace gantry::itsm
