// The two engines behind open_database(), each by itself: a program that keeps its data in SQLite
// only calls open_sqlite() and links no PostgreSQL client. Locations and errors are
// open_database's.
#pragma once

#include <memory>
#include <string>

#include "core/storage/database.hpp"

namespace gantry::storage {

Result<std::unique_ptr<Database>> open_sqlite(const std::string& location);
Result<std::unique_ptr<Database>> open_postgres(const std::string& location);

}  // namespace gantry::storage
