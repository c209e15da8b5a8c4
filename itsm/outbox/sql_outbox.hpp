// The Outbox port over the store's tables, on a connection of its own.
#pragma once

#include <memory>

#include "core/ports/outbox.hpp"
#include "core/storage/database.hpp"

namespace gantry::itsm {

// `database` outlives it. The connection (durability full) is opened at the first use, on the
// thread that uses it; one thread.
std::unique_ptr<Outbox> make_outbox(storage::Database& database);

}  // namespace gantry::itsm
