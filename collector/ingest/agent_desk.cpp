#include "collector/ingest/agent_desk.hpp"

#include <algorithm>
#include <array>

#include "core/crypto/crypto.hpp"
#include "core/model/report_json.hpp"

namespace gantry::collector {
namespace {

constexpr std::int64_t k_full_queue_retry_s = 5;
constexpr std::size_t k_max_unanswered = 4096;

// Every reason that refuse() is given; of a command's errors those that an enrolment can end with.
constexpr std::array k_refusals{"clone",
                                "conflict",
                                "corrupt",
                                "forbidden",
                                "foreign_agent",
                                "internal",
                                "invalid_input",
                                "limit",
                                "method_not_allowed",
                                "no_credential",
                                "not_found",
                                "report_in_progress",
                                "report_too_large",
                                "revoked",
                                "timeout",
                                "too_many_failures",
                                "unauthorised",
                                "unavailable",
                                "unknown_token",
                                "waiting_for_approval",
                                "wrong_credential"};

http::Response json_reply(std::string body) {
    http::Response response;
    response.body = std::move(body);
    return response;
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_input: return 400;
        case ErrorCode::unauthorised: return 401;
        case ErrorCode::forbidden: return 403;
        case ErrorCode::not_found: return 404;
        case ErrorCode::conflict: return 409;
        case ErrorCode::limit:
        case ErrorCode::unavailable:
        case ErrorCode::timeout: return 503;
        case ErrorCode::corrupt:
        case ErrorCode::internal: return 500;
    }
    return 500;
}

// Records that the agent sends again because it missed our acknowledgement are taken out, so that
// the journal holds each once.
void drop_known(Report& report, std::int64_t skip_up_to) {
    std::erase_if(report.records,
                  [&](const ReportRecord& record) { return record.seq <= skip_up_to; });
    report.first_seq = std::max(report.first_seq, skip_up_to + 1);
}

}  // namespace

AgentDesk::AgentDesk(AgentDeskParts parts)
    : parts_(std::move(parts)),
      guard_(parts_.clock),
      reports_(parts_.metrics.counter("gantry_agent_reports_total", "Agent reports accepted")),
      replays_(parts_.metrics.counter("gantry_agent_replays_total",
                                      "Agent reports that were known already")),
      records_(parts_.metrics.counter("gantry_agent_records_total", "Agent records journaled")) {
    for (const char* reason : k_refusals) refusals(reason);  // there with 0 before the first
}

telemetry::Counter& AgentDesk::refusals(const char* reason) {
    return parts_.metrics.counter("gantry_agent_refused_total", "Agent requests refused, by reason",
                                  {{"reason", reason}});
}

http::Response AgentDesk::refuse(int status, const char* reason, const std::string& detail) {
    refusals(reason).add();
    http::Response response = http::problem(status, reason, detail);
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503) {
        response.headers.emplace_back("Retry-After", std::to_string(k_full_queue_retry_s));
    }
    return response;
}

boost::asio::awaitable<http::Response> AgentDesk::handle(std::string path, http::Request request) {
    const bool wants_get = path == "policy";
    if (path != "enrol" && path != "report" && !wants_get) {
        co_return refuse(404, "not_found", "no such agent endpoint: " + path);
    }
    if (request.method != (wants_get ? "GET" : "POST")) {
        auto response = refuse(405, "method_not_allowed",
                               request.path + " takes " + (wants_get ? "GET" : "POST"));
        response.headers.emplace_back("Allow", wants_get ? "GET" : "POST");
        co_return response;
    }
    if (wants_get) co_return policy(request);
    if (path == "enrol") co_return co_await enrol(std::move(request));
    co_return co_await report(std::move(request));
}

boost::asio::awaitable<http::Response> AgentDesk::enrol(http::Request request) {
    auto wanted = decode_enrol_request(request.body);
    if (!wanted) co_return refuse(400, "invalid_input", wanted.error().message);
    const std::string hash = crypto::sha256_hex(wanted->token);
    if (!guard_.may_try(request.peer, hash)) {
        co_return refuse(429, "too_many_failures",
                         "too many unknown enrolment tokens from your address; wait a little");
    }
    auto token = co_await parts_.tokens.find(hash);
    if (!token) {
        if (token.error().code != ErrorCode::not_found) {
            co_return refuse(503, "unavailable", token.error().message);
        }
        guard_.failed(request.peer);
        co_return refuse(401, "unknown_token", "the enrolment token is not known");
    }
    guard_.succeeded(hash);
    const Instant now = parts_.clock.now();
    const bool repeats = parts_.book.find_by_enrolment(token->id, wanted->nonce) != nullptr ||
                         unanswered_.contains({token->id, wanted->nonce});
    // Before anything is journaled; the command asks again, in its place in the order.
    if (const auto open = records::check_enrolment_token(*token, now, repeats); !open) {
        co_return refuse(403, "forbidden", open.error().message);
    }
    const auto credential = crypto::random_token("gantry_agent_", parts_.random);
    EnrolAgent order;
    order.agent_id = crypto::uuid_v7(to_ms(now), parts_.random);
    order.credential_hash = crypto::sha256_hex(credential.reveal());
    order.token_id = token->id.value;
    order.site = token->site;
    order.role = token->endpoint_role;
    order.nonce = wanted->nonce;
    order.boot_id = wanted->boot_id;
    order.uptime_s = wanted->uptime_s;
    order.facts = wanted->facts;
    Command command{token->organisation, "enrolment", std::nullopt, order};
    auto outcome = co_await parts_.commands.submit(std::move(command));
    if (!outcome) {
        const ErrorCode code = outcome.error().code;
        if (code == ErrorCode::timeout) note_unanswered(token->id, wanted->nonce);
        co_return refuse(status_of(code), to_string(code), outcome.error().message);
    }
    co_return enrolled(*token, order, *outcome, credential.reveal());
}

// It may still be carried out: then its repetition finds the token used up, by itself.
void AgentDesk::note_unanswered(TokenId token, const std::string& nonce) {
    if (nonce.empty()) return;
    if (unanswered_.size() >= k_max_unanswered) unanswered_.clear();
    unanswered_.emplace(token, nonce);
}

http::Response AgentDesk::enrolled(const records::Token& token, const EnrolAgent& order,
                                   const CommandOutcome& outcome, const std::string& credential) {
    records::AgentCredential agent;
    agent.agent_id = outcome.agent_id.empty() ? order.agent_id : outcome.agent_id;
    const AgentEntry* known = parts_.book.find(agent.agent_id);
    if (known) {
        agent = known->agent;  // repeated: its position in the stream stays
    }
    // The row's word: whom the book does not know may have been approved all the same, after an
    // answer that was lost; whom it knows, since the row was read.
    agent.approved = outcome.approved || (known && known->agent.approved);
    agent.organisation = token.organisation;
    agent.site = order.site;
    agent.role = order.role;
    agent.asset = outcome.asset.value_or(AssetId{});
    agent.credential_hash = order.credential_hash;
    agent.name = outcome.agent_name;
    agent.token = token.id;
    agent.nonce = order.nonce;
    agent.boot_id = order.boot_id;
    unanswered_.erase({agent.token, agent.nonce});
    parts_.book.put(agent, parts_.clock);
    parts_.log.info("agent_enrolled", {{"agent_id", agent.agent_id},
                                       {"asset_id", agent.asset.value},
                                       {"host", agent.name},
                                       {"organisation_id", agent.organisation.value}});
    EnrolReply answer;
    answer.agent_id = agent.agent_id;
    answer.credential = credential;
    answer.asset_id = agent.asset.value;
    answer.organisation = std::to_string(agent.organisation.value);
    answer.site = std::to_string(agent.site.value);
    answer.role = agent.role;
    auto response = json_reply(encode(answer));
    response.status = 201;
    return response;
}

AgentEntry* AgentDesk::authenticate(const http::Request& request, http::Response& refusal) {
    const std::string_view credential = request.bearer();
    if (credential.empty()) {
        refusal = refuse(401, "no_credential", "send Authorization: Bearer <credential>");
        return nullptr;
    }
    // Looked up by the credential's SHA-256: what timing could tell is of no use without 2^256
    // tries.
    AgentEntry* entry = parts_.book.find_by_credential(crypto::sha256_hex(credential));
    if (!entry) {
        refusal = refuse(401, "wrong_credential", "the credential is not known");
        return nullptr;
    }
    if (entry->agent.revoked) {
        refusal = refuse(403, "revoked", "the credential of this agent was revoked");
        return nullptr;
    }
    if (!entry->agent.approved) {
        refusal = refuse(403, "waiting_for_approval",
                         "agent " + entry->agent.agent_id + " waits for a person's approval");
        return nullptr;
    }
    return entry;
}

boost::asio::awaitable<http::Response> AgentDesk::report(http::Request request) {
    http::Response refusal;
    AgentEntry* entry = authenticate(request, refusal);
    if (!entry) co_return refusal;
    if (request.body.size() > k_max_report_bytes) {
        heard(*entry);
        co_return refuse(413, "report_too_large",
                         "a report has at most " + std::to_string(k_max_report_bytes) + " bytes");
    }
    auto decoded = decode_report(request.body);
    if (!decoded) {
        heard(*entry);
        co_return refuse(400, "invalid_input", decoded.error().message);
    }
    if (decoded->agent_id != entry->agent.agent_id) {
        co_return refuse(403, "foreign_agent", "the credential is not that of the agent_id");
    }
    co_return co_await store(*entry, std::move(*decoded), std::move(request.body));
}

boost::asio::awaitable<http::Response> AgentDesk::store(AgentEntry& entry, Report report,
                                                        std::string body) {
    StreamVerdict verdict = AgentBook::judge(entry, report);
    if (verdict.kind == StreamVerdict::Kind::clone) {
        // Once: a copy asks again and again.
        if (!entry.clone_told) {
            parts_.log.warn("agent_clone",
                            {{"agent_id", entry.agent.agent_id}, {"boot_id", report.boot_id}});
        }
        entry.clone_told = true;
        co_return refuse(409, "clone", "two machines use this identity; enrol this one anew");
    }
    const Instant now = parts_.clock.now();
    heard(entry);
    if (entry.busy) {
        co_return refuse(503, "report_in_progress", "an earlier report is being stored");
    }
    // A sign of life moves nothing; a range without records (all were evicted) is acknowledged like
    // any other, so it has to be durable.
    const bool sign_of_life = report.records.empty() && report.last_seq < report.first_seq;
    if (verdict.kind == StreamVerdict::Kind::replay || sign_of_life) {
        if (!sign_of_life) replays_.add();
        co_return reply(entry, verdict);
    }
    if (verdict.skip_up_to >= report.first_seq) {
        drop_known(report, verdict.skip_up_to);
        body = encode(report);
    }
    const auto count = static_cast<std::int64_t>(report.records.size());
    journal::Record record;
    record.received_at = now;
    record.organisation = entry.agent.organisation;
    record.kind = journal::Kind::agent_report;
    record.source = entry.agent.agent_id;
    record.body = std::move(body);
    entry.busy = true;
    const auto accepted = co_await parts_.events.accept(std::move(record));
    entry.busy = false;
    if (!accepted) {
        co_return refuse(503, "unavailable", accepted.error().message);
    }
    AgentBook::advance(entry, report, verdict, now);
    reports_.add();
    records_.add(count);
    verdict.acked_seq = report.last_seq;
    co_return reply(entry, verdict);
}

// Not for a boot that is known for a copy's, whose sign of life would hide that the machine itself
// is gone. What names no boot (the policy, what cannot be decoded) is taken for the machine's.
void AgentDesk::heard(AgentEntry& entry) {
    AgentBook::heard(entry, parts_.clock);
    if (entry.endpoint->offline) parts_.on_return(entry);
}

http::Response AgentDesk::reply(const AgentEntry& entry, const StreamVerdict& verdict) {
    const EndpointPlace place{entry.agent.organisation, entry.agent.site, entry.agent.role,
                              entry.agent.agent_id};
    const PolicyDocument document = parts_.policies.effective(place);
    ReportReply answer;
    answer.acked_seq = verdict.acked_seq;
    answer.epoch = verdict.later_epoch;
    answer.server_time = parts_.clock.now();
    answer.policy_etag = document.etag;
    answer.interval_s = document.interval_s;
    entry.endpoint->interval = std::chrono::seconds{std::max<std::int64_t>(answer.interval_s, 1)};
    answer.want_full_state = verdict.want_full_state || entry.agent.full_state_due;
    return json_reply(encode(answer));
}

http::Response AgentDesk::policy(const http::Request& request) {
    http::Response refusal;
    AgentEntry* entry = authenticate(request, refusal);
    if (!entry) return refusal;
    heard(*entry);
    const EndpointPlace place{entry->agent.organisation, entry->agent.site, entry->agent.role,
                              entry->agent.agent_id};
    const PolicyDocument document = parts_.policies.effective(place);
    http::Response response;
    const std::string etag = "\"" + document.etag + "\"";
    response.headers.emplace_back("ETag", etag);
    if (http::find_header(request.headers, "If-None-Match") == std::string_view(etag)) {
        response.status = 304;
        return response;
    }
    response.body = document.json;
    return response;
}

}  // namespace gantry::collector
