// Probe: something that takes readings. One object per probe name and policy (plugins: one per
// check). read() and evidence() never block the thread and come back whatever happens: what can
// hang is a process, a socket or a sacrificial thread, each with its own deadline (at most some
// seconds; of a plugin its timeout). What is read in place is the kernel's and answers at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/probes/measurement.hpp"
#include "core/model/policy.hpp"
#include "core/process/command.hpp"
#include "core/time/clock.hpp"

namespace gantry::agent {

class Probe {
public:
    virtual ~Probe() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    virtual boost::asio::awaitable<Result<Measurement>> read() = 0;
    virtual boost::asio::awaitable<Labels> evidence(std::string metric, std::string instance) = 0;
};

// Where the kernel's files are; tests point it at captured ones.
struct Platform {
    std::string proc = "/proc";
    std::string sys = "/sys";
    std::string run = "/run";
};

// Mount points at which a call has not come back, and whether it is back by now.
using HungMounts = std::map<std::string, std::function<bool()>>;

// What outlives a policy: its probes go, what they left behind may not be there twice.
struct Commons {
    std::shared_ptr<process::Groups> commands = std::make_shared<process::Groups>();
    std::shared_ptr<HungMounts> hung_mounts = std::make_shared<HungMounts>();
};

// The probe that `checks` (all of the same probe name; of a plugin exactly one) need. When there is
// none of that name (a newer server's), one whose every look fails with not_found and says so: what
// it should watch is unknown, not silently well.
std::unique_ptr<Probe> make_probe(const Platform& platform, const Clock& clock,
                                  boost::asio::any_io_executor executor, const Commons& commons,
                                  const std::vector<CheckPolicy>& checks);

}  // namespace gantry::agent
