// Facts: what this machine is, as read from the kernel's and the system's files. Every read is
// bounded, nothing is forked, no network is asked; what cannot be read stays empty (DMI serials
// are for root only). The asset tag is the operator's and comes from agent.yaml alone: DMI's is the
// same on every machine of a cloud ("Amazon EC2", "OracleCloud.com").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/model/asset.hpp"

namespace gantry::agent {

// `root` is "/" in life and a captured tree in tests.
Facts collect_facts(const std::string& root, const std::string& agent_version);

// NAME and VERSION_ID of an os-release file.
std::pair<std::string, std::string> parse_os_release(std::string_view text);
// "kvm", "vmware", "container" ...; "" for bare metal as far as one can see.
std::string virtualisation_of(const std::string& root);
std::string boot_id_of(const std::string& root);
inline constexpr const char* k_no_boot_id =
    "/proc/sys/kernel/random/boot_id cannot be read: without it no report is taken";
std::int64_t uptime_s_of(const std::string& root);  // 0 = cannot tell

}  // namespace gantry::agent
