// unit: systemd units. systemd.units.failed is how many are in the failed state;
// systemd.unit.active (1 or 0) has one instance per unit that a pattern of the policy names (a
// plain name that systemd does not know is 0, "not-found"). Where systemd does not run, or its bus
// cannot be reached, the answer is an error with that reason, never "all is well".
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "agent/probes/probe.hpp"

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
    // One call at a time.
    virtual boost::asio::awaitable<Result<std::vector<UnitRow>>> list(
        std::vector<std::string> states, std::vector<std::string> patterns) = 0;
};

struct SystemdOptions {
    std::string run = "/run";  // systemd's marker and the system bus's socket are below it
    Millis deadline{2'000};    // of one list, connecting and authenticating included
};
// systemd over D-Bus through libsystemd, loaded only when first needed: an agent without a unit
// check need not pay its memory. Runs on `executor` without ever blocking it. Errors of list():
// not_found (no systemd, no library), unavailable, timeout; the connection is then made anew.
std::unique_ptr<UnitLister> make_systemd_lister(boost::asio::any_io_executor executor,
                                                SystemdOptions options);

std::unique_ptr<Probe> make_unit_probe(std::unique_ptr<UnitLister> lister,
                                       std::vector<std::string> patterns);

}  // namespace gantry::agent
