// TopProcesses: the three processes that use most CPU or memory, as evidence for a breach. By CPU
// it looks twice, a short while apart.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "agent/probes/measurement.hpp"

namespace gantry::agent {

class TopProcesses {
public:
    enum class By { nothing, cpu, memory };
    TopProcesses(std::string proc, By by) : proc_(std::move(proc)), by_(by) {}
    boost::asio::awaitable<Labels> look();

private:
    std::string proc_;
    By by_;
};

}  // namespace gantry::agent
