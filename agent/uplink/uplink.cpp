#include "agent/uplink/uplink.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::agent {
namespace {

namespace asio = boost::asio;
constexpr Millis k_coalesce{200};
constexpr Millis k_spool_retry{15'000};

std::string unquoted(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
        etag = etag.substr(1, etag.size() - 2);
    }
    return std::string(etag);
}

}  // namespace

Uplink::Uplink(asio::any_io_executor executor, UplinkParts parts, Identity identity)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      session_(parts_.spool, parts_.clock, parts_.random, identity_.agent_id),
      timer_(std::move(executor)) {}

void Uplink::urgent() {
    urgent_ = true;
    timer_.cancel();
}

void Uplink::stop() {
    stopped_ = true;
    timer_.cancel();
}

asio::awaitable<void> Uplink::run() {
    Next next;  // the first report goes at once: it tells the server that we are there
    if (is_copy(identity_, parts_.facts)) {
        parts_.log.warn("identity_is_of_another_machine", {{"agent_id", identity_.agent_id}});
        co_await enrol_anew(&next);
    }
    while (!stopped_) {
        co_await wait(next);
        if (stopped_) co_return;
        urgent_ = false;
        co_await exchange(&next);
    }
}

// Until next.wait is over, or something urgent came and next.hold is over.
asio::awaitable<void> Uplink::wait(Next next) {
    const auto start = parts_.clock.steady_now();
    while (!stopped_) {
        const bool early = urgent_ && parts_.spool.has_urgent();
        const Millis until = early ? std::max(next.hold, k_coalesce) : next.wait;
        const auto passed = std::chrono::duration_cast<Millis>(parts_.clock.steady_now() - start);
        if (passed >= until) co_return;
        timer_.expires_after(until - passed);
        boost::system::error_code ignored;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<void> Uplink::exchange(Next* next) {
    auto body = session_.next_body();
    if (!body) {
        parts_.log.error("spool_unreadable", {{"reason", body.error().message}});
        next->wait = next->hold = k_spool_retry;
        co_return;
    }
    http::ClientRequest request;
    request.method = "POST";
    request.url = identity_.server + "/api/v1/agent/report";
    request.headers = {{"Authorization", "Bearer " + identity_.credential.reveal()},
                       {"Content-Type", "application/json"}};
    request.body = std::move(*body);
    request.gzip_body = true;
    request.timeout = Millis{30'000};
    const Result<http::Response> answer = co_await parts_.transport.send(std::move(request));
    if (stopped_) co_return;
    auto taken = session_.take(answer);
    if (!taken) {
        parts_.log.error("spool_unwritable", {{"reason", taken.error().message}});
        next->wait = next->hold = k_spool_retry;
        co_return;
    }
    *next = std::move(*taken);
    note(*next);
    if (next->kind == AnswerKind::clone) co_await enrol_anew(next);
    if (next->kind == AnswerKind::acknowledged) {
        if (session_.wants_full_state()) parts_.on_full_state();
        const std::string wanted = next->policy_etag;
        if (wanted != parts_.policies.current().etag && wanted != refused_policy_) {
            co_await fetch_policy(wanted);
        }
    }
    parts_.on_exchange();
}

// Logs changes, not each repetition.
void Uplink::note(const Next& next) {
    const bool changed = !ever_answered_ || next.kind != last_kind_;
    ever_answered_ = true;
    last_kind_ = next.kind;
    last_problem_ = next.detail;
    if (next.kind == AnswerKind::refused) {
        parts_.log.error("report_refused", {{"reason", next.detail}});
        return;
    }
    if (!changed) return;
    if (next.kind == AnswerKind::acknowledged) {
        parts_.log.info("server_reached", {{"server", identity_.server}});
        return;
    }
    const auto level_is_error =
        next.kind == AnswerKind::unauthorised || next.kind == AnswerKind::clone;
    const telemetry::Field kind{"kind", to_string(next.kind)};
    const telemetry::Field reason{"reason", next.detail};
    const telemetry::Field wait{"retry_in_ms", next.wait.count()};
    if (level_is_error) {
        parts_.log.error("server_refuses_agent", {kind, reason, wait});
    } else {
        parts_.log.warn("server_not_reached", {kind, reason, wait});
    }
}

asio::awaitable<void> Uplink::fetch_policy(std::string wanted_etag) {
    const std::string etag = parts_.policies.current().etag;
    http::ClientRequest request;
    request.url = identity_.server + "/api/v1/agent/policy";
    request.headers = {{"Authorization", "Bearer " + identity_.credential.reveal()}};
    if (!etag.empty()) request.headers.emplace_back("If-None-Match", "\"" + etag + "\"");
    const Result<http::Response> answer = co_await parts_.transport.send(std::move(request));
    if (!answer || answer->status == 304) co_return;  // the next reply asks again
    if (answer->status / 100 != 2) {
        parts_.log.warn("policy_not_fetched", {{"reason", problem_text(*answer)}});
        co_return;
    }
    const auto header = http::find_header(answer->headers, "ETag");
    const std::string new_etag = header ? unquoted(*header) : std::string();
    if (auto adopted = parts_.policies.adopt(answer->body, new_etag); !adopted) {
        parts_.log.error("policy_refused", {{"reason", adopted.error().message}});
        if (adopted.error().code == ErrorCode::invalid_input) {
            refused_policy_ = new_etag.empty() ? wanted_etag : new_etag;
        }
        co_return;
    }
    const Policy& policy = parts_.policies.current();
    parts_.log.info(
        "policy_adopted",
        {{"name", policy.name}, {"etag", policy.etag}, {"checks", policy.checks.size()}});
    parts_.on_policy();
}

// A copied machine becomes an agent of its own; what its spool holds goes along in a new epoch.
asio::awaitable<void> Uplink::enrol_anew(Next* next) {
    if (identity_.token.reveal().empty()) {
        parts_.log.error("enrol_this_machine_anew",
                         {{"agent_id", identity_.agent_id},
                          {"how", "gantry-agent enrol --force --server URL --token T"}});
        co_return;
    }
    const auto nonce = enrolment_nonce(parts_.identity_file, parts_.boot_id, parts_.random);
    if (!nonce) {
        parts_.log.error("identity_not_saved", {{"reason", nonce.error().message}});
        co_return;
    }
    http::ClientRequest request =
        enrol_request(identity_, parts_.facts, parts_.boot_id, *nonce, parts_.uptime_s());
    const Result<http::Response> answer = co_await parts_.transport.send(std::move(request));
    if (!answer) co_return;
    auto fresh = enrolled(identity_, parts_.facts, *answer);
    if (!fresh) {
        parts_.log.error("enrolment_failed", {{"reason", fresh.error().message}});
        co_return;
    }
    auto saved = save_identity(parts_.identity_file, *fresh);
    if (saved) saved = parts_.spool.begin_epoch();
    if (!saved) {
        parts_.log.error("identity_not_saved", {{"reason", saved.error().message}});
        co_return;
    }
    forget_nonce(parts_.identity_file);
    parts_.log.info("enrolled_anew", {{"agent_id", fresh->agent_id}, {"was", identity_.agent_id}});
    identity_ = std::move(*fresh);
    session_.set_agent_id(identity_.agent_id);
    next->wait = next->hold = Millis{0};
}

}  // namespace gantry::agent
