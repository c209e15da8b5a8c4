#include "core/storage/engines.hpp"

namespace gantry::storage {

Result<std::unique_ptr<Database>> open_postgres(const std::string& location) {
    return fail(ErrorCode::unavailable, "PostgreSQL is not reachable at " + location);
}

}  // namespace gantry::storage
