// unit: systemd units. systemd.units.failed is how many are in the failed state;
// systemd.unit.active (1 or 0) has one instance per unit that a pattern of the policy names (a
// plain name that systemd does not know is 0, "not-found"). Where systemd does not run, or its bus
// cannot be reached, the answer is an error with that reason, never "all is well".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

struct UnitRow {
    std::string name;    // "nginx.service"
    std::string load;    // loaded, not-found, masked ...
    std::string active;  // active, inactive, failed, activating ...
    std::string sub;     // running, exited, dead ...
};

// The service manager's list; the seam for tests.
class UnitLister {
public:
    virtual ~UnitLister() = default;
    // All units in one of `states` (empty: any) whose name matches one of `patterns` (empty: any).
    virtual Result<std::vector<UnitRow>> list(const std::vector<std::string>& states,
                                              const std::vector<std::string>& patterns) = 0;
};

// systemd over D-Bus through libsystemd, loaded only when first needed: most agents have no unit
// check and need not pay its memory. `run` is "/run".
std::unique_ptr<UnitLister> make_systemd_lister(std::string run);

std::unique_ptr<Source> make_unit_source(std::unique_ptr<UnitLister> lister,
                                         std::vector<std::string> patterns);

}  // namespace gantry::agent
