// Session: what to send next and what an answer means; the uplink without its waiting and its
// sockets, so that simulation drives exactly this. Rules: docs/specs/wire.md, "Failures".
//
// One report is under way at a time: next_body(), then take() with its answer.
#pragma once

#include <cstdint>
#include <string>

#include "agent/spool/spool.hpp"
#include "core/async/backoff.hpp"
#include "core/base/random.hpp"
#include "core/http/message.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

enum class AnswerKind : std::uint8_t {
    acknowledged,
    unreachable,   // no answer, 5xx
    throttled,     // 429, 503 with Retry-After
    unauthorised,  // 401, 403: the identity stays
    clone,         // 409
    refused        // 400, 413, 422: this report can never be taken
};
[[nodiscard]] const char* to_string(AnswerKind kind);

struct Next {
    AnswerKind kind = AnswerKind::acknowledged;
    Millis wait{0};           // until the next report that carries nothing urgent
    Millis hold{0};           // not before this, urgent or not
    std::string policy_etag;  // the server's, when acknowledged
    std::string detail;       // for the log, when not
};

class Session {
public:
    Session(Spool& spool, const Clock& clock, RandomSource& random, std::string agent_id);

    Result<std::string> next_body();
    // REQUIRES: next_body() gave the report that is answered. An error is the spool's.
    Result<Next> take(const Result<http::Response>& answer);

    void set_agent_id(std::string agent_id) { agent_id_ = std::move(agent_id); }
    [[nodiscard]] bool wants_full_state() const { return wants_full_state_; }
    void full_state_is_spooled() { wants_full_state_ = false; }
    [[nodiscard]] Instant acknowledged_at() const { return acknowledged_at_; }
    // The server's clock minus ours, at the last reply.
    [[nodiscard]] Millis clock_skew() const { return skew_; }

private:
    Result<Next> acknowledged(const http::Response& answer);
    Result<Next> refused(const http::Response& answer);
    Next failed(AnswerKind kind, std::string detail);
    Millis slow_retry();

    Spool& spool_;
    const Clock& clock_;
    RandomSource& random_;
    std::string agent_id_;
    Backoff backoff_;
    std::int64_t failures_ = 0;
    std::size_t max_bytes_ = k_max_report_bytes;
    Report sent_;  // header and sequence numbers of the one under way
    bool wants_full_state_ = false;
    Instant acknowledged_at_{};
    Millis skew_{0};
};

// Seconds of a Retry-After header (delta form), bounded to an hour; 0 when absent.
[[nodiscard]] Millis retry_after(const http::Response& answer);

}  // namespace gantry::agent
