// A database whose process dies: from the Nth operation on nothing reaches the file any more, as
// after kill -9. A commit that it dies in may have happened or not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/faulty_database.hpp"

namespace gantry::test {

// How many operations are left; shared by everything opened with it.
struct Death {
    std::int64_t operations_left = -1;  // negative: it lives on
    bool commit_happens = false;        // should it die in a commit
    bool is_dead = false;
    bool takes_no_writes = false;  // alive, but no transaction begins

    Fate next(DatabaseOperation operation) {
        if (operation == DatabaseOperation::connect) return Fate::goes;
        if (is_dead) return Fate::fails;
        if (operation == DatabaseOperation::prepare) return Fate::goes;  // touches no file
        if (operations_left >= 0 && operations_left-- == 0) {
            is_dead = true;
            const bool commits = operation == DatabaseOperation::commit && commit_happens;
            return commits ? Fate::happens_and_fails : Fate::fails;
        }
        const bool refused = takes_no_writes && operation == DatabaseOperation::begin;
        return refused ? Fate::fails : Fate::goes;
    }
};

// `death` outlives it.
inline Result<std::unique_ptr<storage::Database>> open_dying(const std::string& location,
                                                             Death& death) {
    auto inner = storage::open_database(location);
    if (!inner) return inner.error();
    return faulty(std::move(*inner),
                  [&death](DatabaseOperation operation) { return death.next(operation); });
}

}  // namespace gantry::test
