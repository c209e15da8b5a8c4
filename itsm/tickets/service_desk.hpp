// The ServiceDesk: lists and single rows for people. See the port.
#pragma once

#include <memory>

#include "core/ports/service_desk.hpp"

namespace gantry::itsm {

std::unique_ptr<ServiceDesk> make_service_desk();

}  // namespace gantry::itsm
