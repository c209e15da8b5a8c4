// faulty(): hands a Database or a Connection through, but asks before each operation what becomes
// of it. What fails is unavailable, as with a full disk; a transaction under way is rolled back by
// whoever began it. Readers' connections (connect_read_only) have no faults.
//
// Threading: that of what is handed through; of a Database used by several threads the fates are
// asked by all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/storage/database.hpp"

namespace gantry::test {

enum class DatabaseOperation : std::uint8_t { connect, prepare, execute, begin, step, commit };
// happens_and_fails: a commit happens and its answer is lost; anything else just fails.
enum class Fate : std::uint8_t { goes, fails, happens_and_fails };
using Fates = std::function<Fate(DatabaseOperation)>;

// `inner` outlives it, and so does what `fates` refers to.
std::unique_ptr<storage::Database> faulty(storage::Database& inner, Fates fates);
std::unique_ptr<storage::Database> faulty(std::unique_ptr<storage::Database> inner, Fates fates);
std::unique_ptr<storage::Connection> faulty(storage::Connection& inner, Fates fates);

// The nth of prepare, execute, begin and commit fails, once; 0: none.
Fates fails_at(std::uint64_t nth);

}  // namespace gantry::test
