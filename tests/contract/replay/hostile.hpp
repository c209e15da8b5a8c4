// Records whose texts an engine might refuse, cut or change: NUL, invalid UTF-8, lone surrogates,
// quotes, SQL, very long lines, numbers at the end of their range. What one engine stores, all
// must.
#pragma once

#include <cstdint>
#include <vector>

#include "core/journal/journal.hpp"

namespace gantry::test {

// `journal` with hostile records put in between, sequences given anew, times kept in order.
std::vector<journal::Record> with_hostile_records(std::vector<journal::Record> journal,
                                                  std::uint64_t seed);

}  // namespace gantry::test
