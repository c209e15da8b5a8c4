#include "agent/uplink/session.hpp"

#include <algorithm>
#include <charconv>

#include "agent/uplink/identity.hpp"
#include "core/model/report_json.hpp"

namespace gantry::agent {
namespace {

constexpr std::size_t k_min_batch_bytes = 2048;
constexpr std::int64_t k_max_wait_s = 3600;
constexpr Millis k_slow_min{5 * 60'000};
constexpr Millis k_slow_spread{10 * 60'000};

Millis bounded_seconds(std::int64_t seconds) {
    return Millis{std::clamp<std::int64_t>(seconds, 0, k_max_wait_s) * 1000};
}

}  // namespace

const char* to_string(AnswerKind kind) {
    switch (kind) {
        case AnswerKind::acknowledged: return "acknowledged";
        case AnswerKind::unreachable: return "unreachable";
        case AnswerKind::throttled: return "throttled";
        case AnswerKind::unauthorised: return "unauthorised";
        case AnswerKind::clone: return "clone";
        case AnswerKind::refused: return "refused";
    }
    return "?";
}

Millis retry_after(const http::Response& answer) {
    const auto header = http::find_header(answer.headers, "Retry-After");
    std::int64_t seconds = 0;
    if (!header) return Millis{0};
    std::from_chars(header->data(), header->data() + header->size(), seconds);
    return bounded_seconds(seconds);
}

Session::Session(Spool& spool, const Clock& clock, RandomSource& random, std::string agent_id)
    : spool_(spool), clock_(clock), random_(random), agent_id_(std::move(agent_id)) {}

Result<std::string> Session::next_body() {
    auto report = spool_.next_report(max_bytes_);
    if (!report) return report.error();
    report->agent_id = agent_id_;
    std::string body = encode(*report);
    // The spool's estimate is generous; should a record be larger than a report may be, it goes.
    if (body.size() > k_max_report_bytes && report->records.size() == 1) {
        auto dropped = spool_.drop_refused(report->records.front().seq);
        if (!dropped) return dropped.error();
        return next_body();
    }
    sent_ = std::move(*report);
    return body;
}

Result<Next> Session::take(const Result<http::Response>& answer) {
    if (!answer) return failed(AnswerKind::unreachable, answer.error().message);
    switch (answer->status) {
        case 401:
        case 403: {
            Next next = failed(AnswerKind::unauthorised, problem_text(*answer));
            next.wait = next.hold = slow_retry();
            return next;
        }
        case 409: {
            Next next = failed(AnswerKind::clone, problem_text(*answer));
            next.wait = next.hold = slow_retry();
            return next;
        }
        case 400:
        case 413:
        case 422: return refused(*answer);
        default: break;
    }
    if (answer->status / 100 == 2) return acknowledged(*answer);
    const Millis asked = retry_after(*answer);
    const bool throttled = answer->status == 429 || asked.count() > 0;
    Next next =
        failed(throttled ? AnswerKind::throttled : AnswerKind::unreachable, problem_text(*answer));
    // Everyone was told the same moment: spread behind it.
    next.wait = next.hold = asked + next.wait;
    return next;
}

Result<Next> Session::acknowledged(const http::Response& answer) {
    const auto reply = decode_report_reply(answer.body);
    if (!reply) {
        return failed(AnswerKind::unreachable, "reply: " + reply.error().message);
    }
    const std::int64_t before = spool_.status().acked_seq;
    if (auto done = spool_.acknowledge(sent_.epoch, reply->acked_seq); !done) return done.error();
    if (reply->epoch > sent_.epoch) {
        if (auto done = spool_.pass_epoch(reply->epoch); !done) return done.error();
    }
    failures_ = 0;
    max_bytes_ = k_max_report_bytes;
    wants_full_state_ = wants_full_state_ || reply->want_full_state;
    acknowledged_at_ = clock_.now();
    skew_ = reply->server_time - acknowledged_at_;
    Next next;
    next.kind = AnswerKind::acknowledged;
    next.policy_etag = reply->policy_etag;
    next.hold = bounded_seconds(reply->retry_after_s);
    const SpoolStatus left = spool_.status();
    // Without progress the pace stays, whatever the server says.
    const bool backlog = left.acked_seq > before && left.states + left.samples > 0;
    next.wait = std::max(next.hold, backlog ? Millis{0} : bounded_seconds(reply->interval_s));
    return next;
}

// Halves the batch until the culprit is alone, then drops it.
Result<Next> Session::refused(const http::Response& answer) {
    Next next = failed(AnswerKind::refused, problem_text(answer));
    if (sent_.records.size() > 1) {
        std::size_t bytes = 0;
        for (const ReportRecord& record : sent_.records) bytes += encode(record).size();
        max_bytes_ = std::max(k_min_batch_bytes, std::min(max_bytes_, bytes) / 2);
        if (max_bytes_ == k_min_batch_bytes) max_bytes_ = 1;  // one record at a time
    } else if (sent_.records.size() == 1) {
        auto dropped = spool_.drop_refused(sent_.records.front().seq);
        if (!dropped) return dropped.error();
    }
    return next;
}

Next Session::failed(AnswerKind kind, std::string detail) {
    Next next;
    next.kind = kind;
    next.detail = std::move(detail);
    next.wait = next.hold = backoff_.delay(failures_, random_);
    failures_ = std::min<std::int64_t>(failures_ + 1, 30);
    return next;
}

Millis Session::slow_retry() {
    return k_slow_min + Millis{static_cast<std::int64_t>(random_.below(k_slow_spread.count() + 1))};
}

}  // namespace gantry::agent
