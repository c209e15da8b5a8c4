// The collector as the agent sees it: takes reports by the wire contract and remembers everything,
// so that the checkers can ask what arrived.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/http/message.hpp"
#include "core/model/report.hpp"
#include "core/time/clock.hpp"

namespace gantry::test {

class ReportServer {
public:
    explicit ReportServer(const Clock& clock) : clock_(clock) {}

    http::Response take(const std::string& body);

    // By (epoch, seq); a repeat changes nothing.
    [[nodiscard]] const std::map<std::pair<std::int64_t, std::int64_t>, ReportRecord>& records()
        const {
        return records_;
    }
    // Broken promises of the wire contract, in words.
    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
    [[nodiscard]] std::int64_t told_dropped(RecordKind kind) const;

private:
    const Clock& clock_;
    std::int64_t epoch_ = 0;
    std::int64_t acked_seq_ = 0;
    std::map<std::pair<std::int64_t, std::int64_t>, ReportRecord> records_;
    std::vector<std::string> complaints_;
};

}  // namespace gantry::test
