#include "collector/ingest/agent_desk.hpp"

#include <catch2/catch.hpp>

#include "core/crypto/crypto.hpp"
#include "core/model/report_json.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/fake_gates.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;

namespace {

class OnePolicy final : public PolicySource {
public:
    PolicyDocument effective(const EndpointPlace&) override { return {"etag-1", "{}", 15}; }
};

class OneEnrolmentToken final : public EnrolmentTokens {
public:
    boost::asio::awaitable<Result<records::Token>> find(std::string hash) override {
        if (hash != crypto::sha256_hex("enrol-me")) {
            ++guesses;
            co_return fail(ErrorCode::not_found, "unknown");
        }
        token.id = TokenId{5};
        token.kind = records::TokenKind::enrolment;
        token.organisation = OrganisationId{2};
        token.site = SiteId{3};
        token.endpoint_role = "server";
        co_return token;
    }
    records::Token token;
    int guesses = 0;  // that were looked up
};

EnrolRequest enrol_request(const std::string& nonce = "") {
    EnrolRequest request;
    request.token = "enrol-me";
    request.boot_id = "boot-1";
    request.nonce = nonce;
    return request;
}

struct Desk {
    boost::asio::io_context context;
    test::SimClock clock;
    test::FakeEventGate events;
    test::FakeCommandGate commands;
    OnePolicy policies;
    OneEnrolmentToken tokens;
    SeededRandom random{1};
    telemetry::Registry metrics;
    collector::AgentBook book;
    int returns = 0;
    collector::AgentDesk desk{{book, events, commands, policies, tokens, clock, random, metrics,
                               telemetry::Log::silent(),
                               [this](collector::AgentEntry&) { ++returns; }}};

    http::Response call(const std::string& path, const std::string& body,
                        const std::string& credential = "", const std::string& method = "POST") {
        http::Request request;
        request.method = method;
        request.body = body;
        if (!credential.empty()) {
            request.headers.emplace_back("Authorization", "Bearer " + credential);
        }
        return test::run(context, desk.handle(path, std::move(request)));
    }
    EnrolReply enrol() {
        commands.outcome = CommandOutcome{};
        commands.outcome->asset = AssetId{12};
        commands.outcome->agent_name = "web01";
        commands.outcome->approved = !tokens.token.needs_approval;
        EnrolRequest request = enrol_request();
        request.facts.hostname = "web01";
        const auto response = call("enrol", encode(request));
        REQUIRE(response.status == 201);
        return *decode_enrol_reply(response.body);
    }
};

Report report(const std::string& agent_id, std::int64_t first, std::int64_t last) {
    Report r;
    r.agent_id = agent_id;
    r.epoch = 1;
    r.boot_id = "boot-1";
    r.first_seq = first;
    r.last_seq = last;
    for (auto seq = first; seq <= last; ++seq) {
        ReportRecord record;
        record.seq = seq;
        record.readings.push_back({"system.cpu.utilization", "", 0.5});
        r.records.push_back(record);
    }
    return r;
}

}  // namespace

TEST_CASE("agent desk: enrolment journals a command that holds only hashes") {
    Desk d;
    const EnrolReply reply = d.enrol();
    CHECK(reply.asset_id == 12);
    CHECK(reply.role == "server");
    REQUIRE(d.commands.submitted.size() == 1);
    CHECK(d.commands.submitted[0].organisation == OrganisationId{2});
    const auto& order = std::get<EnrolAgent>(d.commands.submitted[0].body);
    CHECK(order.credential_hash == crypto::sha256_hex(reply.credential));
    CHECK(order.token_id == 5);
    CHECK(d.book.find(reply.agent_id)->agent.name == "web01");
}

TEST_CASE("agent desk: a wrong token enrols nobody") {
    Desk d;
    EnrolRequest request;
    request.token = "guess";
    request.boot_id = "boot-1";
    CHECK(d.call("enrol", encode(request)).status == 401);
    CHECK(d.call("enrol", "{").status == 400);
    CHECK(d.commands.submitted.empty());
    CHECK(d.book.size() == 0);
}

TEST_CASE("agent desk: who guesses tokens is not looked up for long, its neighbours are") {
    Desk d;
    const auto enrol = [&](const std::string& token, const std::string& peer) {
        EnrolRequest wanted;
        wanted.token = token;
        wanted.boot_id = "boot-1";
        http::Request request;
        request.method = "POST";
        request.peer = peer;
        request.body = encode(wanted);
        return test::run(d.context, d.desk.handle("enrol", std::move(request))).status;
    };
    d.enrol();
    for (int i = 0; i < 20; ++i) {
        CHECK(enrol("guess-" + std::to_string(i), "192.0.2.1:" + std::to_string(i)) == 401);
    }
    for (int i = 20; i < 30; ++i) {
        CHECK(enrol("guess-" + std::to_string(i), "192.0.2.1:" + std::to_string(i)) == 429);
    }
    CHECK(d.tokens.guesses == 20);
    CHECK(enrol("enrol-me", "192.0.2.1:9") == 201);  // it was good just now
    CHECK(enrol("guess", "192.0.2.2:1") == 401);
    d.clock.advance(Millis{3'000});
    CHECK(enrol("guess", "192.0.2.1:1") == 401);
    CHECK(enrol("guess", "192.0.2.1:1") == 429);
}

TEST_CASE("agent desk: a used up token is refused with the store's reason") {
    Desk d;
    d.commands.outcome = fail(ErrorCode::forbidden, "token 5 was used 1 of 1 times");
    const EnrolRequest request = enrol_request();
    const auto response = d.call("enrol", encode(request));
    CHECK(response.status == 403);
    CHECK(response.body.find("used 1 of 1") != std::string::npos);
    CHECK(d.book.size() == 0);
}

TEST_CASE("agent desk: a report is acknowledged when it is durable") {
    Desk d;
    const EnrolReply agent = d.enrol();
    const auto response = d.call("report", encode(report(agent.agent_id, 1, 3)), agent.credential);
    REQUIRE(response.status == 200);
    const auto reply = decode_report_reply(response.body);
    CHECK(reply->acked_seq == 3);
    CHECK(reply->policy_etag == "etag-1");
    REQUIRE(d.events.accepted.size() == 1);
    CHECK(d.events.accepted[0].kind == journal::Kind::agent_report);
    CHECK(d.events.accepted[0].source == agent.agent_id);
}

TEST_CASE("agent desk: a journal that refuses leaves the position where it was") {
    Desk d;
    const EnrolReply agent = d.enrol();
    d.events.error = fail(ErrorCode::limit, "full");
    CHECK(d.call("report", encode(report(agent.agent_id, 1, 3)), agent.credential).status == 503);
    CHECK(d.book.find(agent.agent_id)->agent.acked_seq == 0);
    d.events.error.reset();
    CHECK(d.call("report", encode(report(agent.agent_id, 1, 3)), agent.credential).status == 200);
    CHECK(d.book.find(agent.agent_id)->agent.acked_seq == 3);
}

TEST_CASE("agent desk: a resend is acknowledged again and journaled only for its new part") {
    Desk d;
    const EnrolReply agent = d.enrol();
    d.call("report", encode(report(agent.agent_id, 1, 3)), agent.credential);
    d.call("report", encode(report(agent.agent_id, 1, 3)), agent.credential);
    CHECK(d.events.accepted.size() == 1);
    d.call("report", encode(report(agent.agent_id, 2, 5)), agent.credential);
    REQUIRE(d.events.accepted.size() == 2);
    const auto stored = decode_report(d.events.accepted[1].body);
    REQUIRE(stored.has_value());
    CHECK(stored->first_seq == 4);
    CHECK(stored->records.size() == 2);
}

TEST_CASE("agent desk: credentials are checked against the agent that the report names") {
    Desk d;
    const EnrolReply one = d.enrol();
    const EnrolReply two = d.enrol();
    CHECK(d.call("report", encode(report(one.agent_id, 1, 1)), two.credential).status == 403);
    CHECK(d.call("report", encode(report(one.agent_id, 1, 1)), "nonsense").status == 401);
    CHECK(d.call("report", encode(report(one.agent_id, 1, 1))).status == 401);
    d.book.find(one.agent_id)->agent.revoked = true;
    CHECK(d.call("report", encode(report(one.agent_id, 1, 1)), one.credential).status == 403);
    CHECK(d.events.accepted.empty());
}

TEST_CASE("agent desk: malformed and oversized reports get a problem document") {
    Desk d;
    const EnrolReply agent = d.enrol();
    CHECK(d.call("report", "{\"agent_id\":", agent.credential).status == 400);
    CHECK(d.call("report", "{\"agent_id\":7}", agent.credential).status == 400);
    CHECK(d.call("report", std::string(k_max_report_bytes + 1, ' '), agent.credential).status ==
          413);
    CHECK(d.call("report", "", agent.credential, "GET").status == 405);
    CHECK(d.call("else", "", agent.credential).status == 404);
}

TEST_CASE("agent desk: a report of an offline endpoint announces its return") {
    Desk d;
    const EnrolReply agent = d.enrol();
    d.book.find(agent.agent_id)->endpoint->offline = true;
    d.call("report", encode(report(agent.agent_id, 1, 1)), agent.credential);
    CHECK(d.returns == 1);
}

TEST_CASE("agent desk: whoever proves who it is was heard, whatever became of the request") {
    Desk d;
    const EnrolReply agent = d.enrol();
    auto& entry = *d.book.find(agent.agent_id);
    CHECK_FALSE(entry.endpoint->reported);
    const auto heard_by = [&](const std::function<int()>& call, int status) {
        d.clock.advance(Millis{1000});
        CHECK(call() == status);
        return entry.endpoint->heard_at == d.clock.steady_now();
    };
    const std::string body = encode(report(agent.agent_id, 1, 1));
    const std::string& credential = agent.credential;
    CHECK_FALSE(heard_by([&] { return d.call("report", body, "guess").status; }, 401));
    CHECK_FALSE(entry.endpoint->reported);
    CHECK(heard_by([&] { return d.call("report", "{", credential).status; }, 400));
    const std::string large(k_max_report_bytes + 1, ' ');
    CHECK(heard_by([&] { return d.call("report", large, credential).status; }, 413));
    CHECK(heard_by([&] { return d.call("policy", "", credential, "GET").status; }, 200));
    d.events.error = fail(ErrorCode::limit, "full");
    CHECK(heard_by([&] { return d.call("report", body, credential).status; }, 503));
    d.events.error.reset();
    CHECK(heard_by([&] { return d.call("report", body, credential).status; }, 200));
    CHECK(entry.endpoint->reported);
    CHECK(entry.endpoint->interval == Millis{15'000});
    entry.agent.refused_boots = {"boot-1"};  // a copy hides nobody's silence
    CHECK_FALSE(heard_by([&] { return d.call("report", body, credential).status; }, 409));
    entry.agent.revoked = true;
    CHECK_FALSE(heard_by([&] { return d.call("report", body, credential).status; }, 403));
}

TEST_CASE("agent desk: nothing is decoded for a stranger") {
    Desk d;
    CHECK(d.call("report", "{", "guess").status == 401);
    CHECK(d.call("report", std::string(k_max_report_bytes + 1, ' '), "guess").status == 401);
}

TEST_CASE("agent desk: a clone is told to enrol anew") {
    Desk d;
    const EnrolReply agent = d.enrol();
    d.book.find(agent.agent_id)->agent.refused_boots = {"boot-1"};
    const auto response = d.call("report", encode(report(agent.agent_id, 1, 1)), agent.credential);
    CHECK(response.status == 409);
    CHECK(response.body.find("\"clone\"") != std::string::npos);
}

TEST_CASE("agent desk: a copy is told so at any moment, and is not heard") {
    Desk d;
    const EnrolReply agent = d.enrol();
    auto& entry = *d.book.find(agent.agent_id);
    entry.agent.refused_boots = {"copy"};
    entry.busy = true;  // the original's report is being stored
    Report r = report(agent.agent_id, 1, 1);
    const auto status_of = [&] {
        d.clock.advance(Millis{1000});
        return d.call("report", encode(r), agent.credential).status;
    };
    r.boot_id = "copy";
    CHECK(status_of() == 409);
    CHECK(entry.endpoint->heard_at != d.clock.steady_now());
    r.boot_id = "boot-1";
    CHECK(status_of() == 503);
    CHECK(entry.endpoint->heard_at == d.clock.steady_now());
    CHECK(d.events.accepted.empty());
}

TEST_CASE("agent desk: the policy is sent once per version") {
    Desk d;
    const EnrolReply agent = d.enrol();
    const auto first = d.call("policy", "", agent.credential, "GET");
    CHECK(first.status == 200);
    CHECK(first.body == "{}");
    http::Request again;
    again.method = "GET";
    again.headers = {{"Authorization", "Bearer " + agent.credential},
                     {"If-None-Match", "\"etag-1\""}};
    CHECK(test::run(d.context, d.desk.handle("policy", again)).status == 304);
}

TEST_CASE("agent desk: who comes with a lower epoch is told the server's, and nothing is stored") {
    Desk d;
    const EnrolReply agent = d.enrol();
    Report r = report(agent.agent_id, 1, 1);
    r.epoch = 366;
    CHECK(d.call("report", encode(r), agent.credential).status == 200);
    r.epoch = 1;
    r.boot_id = "boot-2";
    const auto answer = d.call("report", encode(r), agent.credential);
    CHECK(answer.status == 200);
    const auto reply = decode_report_reply(answer.body);
    REQUIRE(reply);
    CHECK(reply->epoch == 366);
    CHECK(reply->acked_seq == 0);
    CHECK(d.events.accepted.size() == 1);
}

TEST_CASE("agent desk: a sign of life is answered in its own epoch") {
    Desk d;
    const EnrolReply agent = d.enrol();
    Report first = report(agent.agent_id, 1, 11);
    first.records.back().kind = RecordKind::full_state;
    d.call("report", encode(first), agent.credential);
    Report sign = report(agent.agent_id, 12, 11);
    const auto ask = [&] {
        return *decode_report_reply(d.call("report", encode(sign), agent.credential).body);
    };
    CHECK(ask().acked_seq == 11);
    CHECK_FALSE(ask().want_full_state);
    sign.epoch = 2;
    sign.first_seq = 1;
    sign.last_seq = 0;
    CHECK(ask().acked_seq == 0);
    CHECK(ask().want_full_state);
    sign.first_seq = 5;
    sign.last_seq = 4;
    CHECK(ask().acked_seq == 4);
    CHECK(d.events.accepted.size() == 1);
    CHECK(d.book.find(agent.agent_id)->agent.epoch == 1);
}

TEST_CASE("agent desk: a range whose records were all evicted is durable and acknowledged") {
    Desk d;
    const EnrolReply agent = d.enrol();
    Report hollow = report(agent.agent_id, 1, 0);
    hollow.last_seq = 7;
    const auto response = d.call("report", encode(hollow), agent.credential);
    CHECK(decode_report_reply(response.body)->acked_seq == 7);
    REQUIRE(d.events.accepted.size() == 1);
    CHECK(decode_report(d.events.accepted[0].body)->last_seq == 7);
}

TEST_CASE("agent desk: a token that does not open journals nothing") {
    Desk d;
    EnrolRequest request = enrol_request("n-1");
    const auto refused = [&](const std::string& reason) {
        const auto response = d.call("enrol", encode(request));
        CHECK(response.status == 403);
        CHECK(response.body.find(reason) != std::string::npos);
        CHECK(d.commands.submitted.empty());
    };
    d.tokens.token.expires_at = d.clock.now();
    refused("expired");
    d.tokens.token.expires_at = {};
    d.tokens.token.revoked_at = d.clock.now();
    refused("revoked");
    d.tokens.token.revoked_at = {};
    d.tokens.token.max_uses = d.tokens.token.uses = 1;
    refused("used 1 of 1");
}

TEST_CASE("agent desk: an enrolment whose answer was lost is repeated, not made twice") {
    Desk d;
    d.tokens.token.max_uses = 1;
    d.commands.outcome = CommandOutcome{};
    d.commands.outcome->asset = AssetId{12};
    d.commands.outcome->agent_id = "agent-of-the-row";
    EnrolRequest request = enrol_request("n-1");
    const auto first = *decode_enrol_reply(d.call("enrol", encode(request)).body);
    CHECK(first.agent_id == "agent-of-the-row");
    d.tokens.token.uses = 1;
    const auto second = *decode_enrol_reply(d.call("enrol", encode(request)).body);
    CHECK(second.agent_id == first.agent_id);
    CHECK(second.credential != first.credential);
    CHECK(d.book.size() == 1);
    CHECK(std::get<EnrolAgent>(d.commands.submitted[1].body).nonce == "n-1");
    const std::string body = encode(report(second.agent_id, 1, 3));
    CHECK(d.call("report", body, first.credential).status == 401);
    CHECK(d.call("report", body, second.credential).status == 200);
    request.nonce = "n-2";
    CHECK(d.call("enrol", encode(request)).status == 403);
    request.nonce = "";
    CHECK(d.call("enrol", encode(request)).status == 403);
}

TEST_CASE("agent desk: an enrolment that timed out may be asked for again when it used the token") {
    Desk d;
    d.tokens.token.max_uses = 1;
    d.commands.outcome = fail(ErrorCode::timeout, "not known in time");
    EnrolRequest request = enrol_request("n-1");
    CHECK(d.call("enrol", encode(request)).status == 503);
    d.tokens.token.uses = 1;  // it was carried out after all
    d.commands.outcome = CommandOutcome{};
    d.commands.outcome->asset = AssetId{12};
    d.commands.outcome->agent_id = "agent-of-the-row";
    CHECK(d.call("enrol", encode(request)).status == 201);
    CHECK(d.book.find("agent-of-the-row") != nullptr);
}

TEST_CASE("agent desk: an agent that waits for approval is enrolled, and refused until it has it") {
    Desk d;
    d.tokens.token.needs_approval = true;
    const EnrolReply agent = d.enrol();
    const std::string body = encode(report(agent.agent_id, 1, 1));
    const auto waiting = d.call("report", body, agent.credential);
    CHECK(waiting.status == 403);
    CHECK(waiting.body.find("waiting_for_approval") != std::string::npos);
    CHECK(d.call("policy", "", agent.credential, "GET").status == 403);
    CHECK(d.events.accepted.empty());
    CHECK_FALSE(d.book.find(agent.agent_id)->endpoint->reported);
    d.book.approve(agent.agent_id);
    CHECK(d.call("report", body, agent.credential).status == 200);
}

TEST_CASE(
    "agent desk: an agent that was approved while its enrolment's answer was lost is let in") {
    Desk d;
    d.tokens.token.needs_approval = true;
    d.commands.outcome = fail(ErrorCode::timeout, "not known in time");
    EnrolRequest request = enrol_request("n-1");
    CHECK(d.call("enrol", encode(request)).status == 503);
    d.book.approve("agent-of-the-row");  // the row is there, the book knows nobody
    const auto enrol = [&](bool approved) {
        d.commands.outcome = CommandOutcome{};
        d.commands.outcome->asset = AssetId{12};
        d.commands.outcome->agent_id = "agent-of-the-row";
        d.commands.outcome->approved = approved;
        const auto reply = *decode_enrol_reply(d.call("enrol", encode(request)).body);
        const std::string body = encode(report("agent-of-the-row", 1, 1));
        return d.call("report", body, reply.credential).status;
    };
    CHECK(enrol(true) == 200);
    CHECK(enrol(false) == 200);  // approved between the row's reading and the answer
    d.book.find("agent-of-the-row")->agent.approved = false;
    CHECK(enrol(false) == 403);
    CHECK(enrol(true) == 200);
}

TEST_CASE("agent desk: however a request is refused, no new series appears") {
    Desk d;
    const auto series = [&] {
        const auto text = d.metrics.prometheus_text();
        return std::count(text.begin(), text.end(), '\n');
    };
    const auto before = series();
    const EnrolReply agent = d.enrol();
    const std::string body = encode(report(agent.agent_id, 1, 1));
    d.call("report", body, agent.credential, "GET");
    d.call("report", std::string(k_max_report_bytes + 1, ' '), agent.credential);
    d.call("report", encode(report("another", 1, 1)), agent.credential);
    const EnrolRequest request = enrol_request();
    for (const ErrorCode code :
         {ErrorCode::invalid_input, ErrorCode::not_found, ErrorCode::conflict,
          ErrorCode::unauthorised, ErrorCode::forbidden, ErrorCode::limit, ErrorCode::unavailable,
          ErrorCode::timeout, ErrorCode::corrupt, ErrorCode::internal}) {
        d.commands.outcome = fail(code, "no");
        d.call("enrol", encode(request));
    }
    CHECK(series() == before);
}

TEST_CASE("agent desk: refusals are counted by reason, from 0") {
    Desk d;
    const auto line = [](const char* reason, int count) {
        return std::string("gantry_agent_refused_total{reason=\"") + reason + "\"} " +
               std::to_string(count) + "\n";
    };
    for (const char* reason : {"clone", "forbidden", "unknown_token", "waiting_for_approval"}) {
        CHECK(d.metrics.prometheus_text().find(line(reason, 0)) != std::string::npos);
    }
    d.call("enrol", "{");
    d.call("report", "{");
    d.call("else", "");
    CHECK(d.metrics.prometheus_text().find(line("invalid_input", 1)) != std::string::npos);
    CHECK(d.metrics.prometheus_text().find(line("no_credential", 1)) != std::string::npos);
    CHECK(d.metrics.prometheus_text().find(line("not_found", 1)) != std::string::npos);
}
