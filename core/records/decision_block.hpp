// DecisionBlock: the decisions about one journal record as one row's value. Between neighbours most
// numbers are equal or one apart, so a decision takes some 18 bytes instead of a row of 17 columns.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/decision.hpp"

namespace gantry::records {

// REQUIRES: all of the same journal_seq.
std::string pack_decisions(std::span<const Decision> decisions);
// What pack_decisions() was given; corrupt for anything else. The row knows the record.
Result<std::vector<Decision>> unpack_decisions(std::string_view packed, JournalSeq journal_seq);

}  // namespace gantry::records
