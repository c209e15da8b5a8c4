// Apart from the rest: a program that opens SQLite alone (the agent) links no PostgreSQL client.
#include "core/storage/engines.hpp"

namespace gantry::storage {

Result<std::unique_ptr<Database>> open_database(const std::string& location) {
    if (location.starts_with("postgresql://") || location.starts_with("postgres://")) {
        return open_postgres(location);
    }
    return open_sqlite(location);
}

}  // namespace gantry::storage
