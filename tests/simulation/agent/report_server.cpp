#include "tests/simulation/agent/report_server.hpp"

#include "core/model/report_json.hpp"

namespace gantry::test {

http::Response ReportServer::take(const std::string& body) {
    const auto report = decode_report(body);
    http::Response out;
    if (!report) {
        complaints_.push_back("not a report: " + report.error().message);
        out.status = 400;
        return out;
    }
    if (body.size() > k_max_report_bytes) {
        complaints_.push_back("a report of " + std::to_string(body.size()) + " bytes");
    }
    ReportReply reply;
    if (report->epoch > epoch_) {
        reply.want_full_state = epoch_ != 0;
        epoch_ = report->epoch;
        acked_seq_ = report->first_seq - 1;
    }
    if (report->epoch < epoch_) complaints_.push_back("the epoch went back");
    if (report->first_seq > acked_seq_ + 1) {
        complaints_.push_back("a gap: " + std::to_string(acked_seq_ + 1) + ".." +
                              std::to_string(report->first_seq - 1));
    }
    for (const ReportRecord& record : report->records) {
        const std::pair key{report->epoch, record.seq};
        const auto known = records_.find(key);
        if (known == records_.end()) {
            // What was acknowledged may not come up later with new content.
            if (record.seq <= acked_seq_) complaints_.push_back("a record in the past");
            records_[key] = record;
        } else {
            ReportRecord same = record;
            same.age_ms = known->second.age_ms;
            if (encode(same) != encode(known->second)) {
                complaints_.push_back("number " + std::to_string(record.seq) + " given twice");
            }
        }
    }
    acked_seq_ = std::max(acked_seq_, report->last_seq);
    reply.acked_seq = acked_seq_;
    reply.server_time = clock_.now();
    out.body = encode(reply);
    return out;
}

std::int64_t ReportServer::told_dropped(RecordKind kind) const {
    std::int64_t out = 0;
    for (const auto& [key, record] : records_) {
        for (const DroppedCount& drop : record.dropped) {
            if (drop.kind == kind) out += drop.count;
        }
    }
    return out;
}

}  // namespace gantry::test
