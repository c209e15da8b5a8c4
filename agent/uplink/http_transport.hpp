// The curl client on a thread of its own, behind Transport.
#pragma once

#include <memory>

#include "agent/uplink/uplink.hpp"

namespace gantry::agent {

std::unique_ptr<Transport> make_http_transport(http::ClientOptions options);

}  // namespace gantry::agent
