// network: per interface (lo left out), from /proc/net/dev, rates since the last read:
// system.network.io.receive, .transmit (bytes/s), system.network.errors, .dropped (1/s).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probes/measurement.hpp"
#include "core/time/clock.hpp"

namespace gantry::agent {

struct InterfaceCounters {
    std::string name;
    std::int64_t received_bytes = 0;
    std::int64_t transmitted_bytes = 0;
    std::int64_t errors = 0;
    std::int64_t dropped = 0;
};

std::vector<InterfaceCounters> parse_net_dev(std::string_view proc_net_dev);

std::unique_ptr<Source> make_network_source(const std::string& proc, const Clock& clock);

}  // namespace gantry::agent
