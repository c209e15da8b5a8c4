// The wire contract's codec (docs/specs/wire.md). decode_* accept exactly the contract: a wrong
// type or a missing key is invalid_input naming the path ("records[3].kind"); unknown keys are
// ignored, so that an older server takes a newer agent.
//
// A report covers first_seq..last_seq without gaps between reports; its records ascend inside that
// range. A number missing inside it was evicted by the agent's spool and is counted in a `dropped`
// record. A sign of life without records has last_seq = first_seq - 1.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/report.hpp"

namespace gantry {

std::string encode(const Report&);
std::string encode(const ReportReply&);
std::string encode(const EnrolRequest&);
std::string encode(const EnrolReply&);
Result<Report> decode_report(std::string_view json);
Result<ReportReply> decode_report_reply(std::string_view json);
Result<EnrolRequest> decode_enrol_request(std::string_view json);
Result<EnrolReply> decode_enrol_reply(std::string_view json);
// One record, as the spool stores it.
std::string encode(const ReportRecord&);
Result<ReportRecord> decode_report_record(std::string_view json);

}  // namespace gantry
