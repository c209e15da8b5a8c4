// The keys of Facts on the wire and in the API, in their fixed order; one table for every codec, so
// that they cannot drift. `macs` and the two numbers follow after these.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "core/model/asset.hpp"

namespace gantry {

inline constexpr std::array<std::pair<const char*, std::string Facts::*>, 18> k_facts_text_fields{{
    {"hostname", &Facts::hostname},
    {"fqdn", &Facts::fqdn},
    {"manufacturer", &Facts::manufacturer},
    {"model", &Facts::model},
    {"serial", &Facts::serial},
    {"smbios_uuid", &Facts::smbios_uuid},
    {"baseboard_serial", &Facts::baseboard_serial},
    {"asset_tag", &Facts::asset_tag},
    {"cloud_provider", &Facts::cloud_provider},
    {"cloud_instance_id", &Facts::cloud_instance_id},
    {"machine_id", &Facts::machine_id},
    {"root_disk_serial", &Facts::root_disk_serial},
    {"os_name", &Facts::os_name},
    {"os_version", &Facts::os_version},
    {"kernel", &Facts::kernel},
    {"architecture", &Facts::architecture},
    {"virtualisation", &Facts::virtualisation},
    {"agent_version", &Facts::agent_version},
}};
inline constexpr std::array<std::pair<const char*, std::int64_t Facts::*>, 2> k_facts_number_fields{
    {
        {"cpu_count", &Facts::cpu_count},
        {"memory_bytes", &Facts::memory_bytes},
    }};

}  // namespace gantry
