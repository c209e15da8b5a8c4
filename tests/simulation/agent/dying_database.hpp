// A database whose process dies: from the Nth operation on nothing reaches the file any more, as
// after kill -9. A commit that it dies in may have happened or not.
#pragma once

#include <cstdint>
#include <memory>

#include "core/storage/database.hpp"

namespace gantry::test {

// How many operations are left; shared by everything opened with it.
struct Death {
    std::int64_t operations_left = -1;  // negative: it lives on
    bool commit_happens = false;        // should it die in a commit
    bool is_dead = false;
    bool takes_no_writes = false;  // alive, but no transaction begins

    // False: the process is dead, the operation does not happen.
    bool lives() {
        if (is_dead) return false;
        if (operations_left < 0) return true;
        if (operations_left-- > 0) return true;
        is_dead = true;
        return false;
    }
};

Result<std::unique_ptr<storage::Database>> open_dying(const std::string& location, Death& death);

}  // namespace gantry::test
