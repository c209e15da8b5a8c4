// The two engines behind open_database(); private to core/storage.
#pragma once

#include <memory>
#include <string>

#include "core/storage/database.hpp"

namespace gantry::storage {

Result<std::unique_ptr<Database>> open_sqlite(const std::string& location);
Result<std::unique_ptr<Database>> open_postgres(const std::string& location);

}  // namespace gantry::storage
