#include "agent/uplink/session.hpp"

#include <catch2/catch.hpp>

#include "agent/uplink/identity.hpp"
#include "core/model/report_json.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using agent::AnswerKind;

namespace {

struct Talk : SpoolFixture {
    std::unique_ptr<agent::Session> session;
    Talk() {
        REQUIRE(open().has_value());
        session = std::make_unique<agent::Session>(*spool, clock, random, "agent-1");
    }
    Report send() {
        auto body = session->next_body();
        REQUIRE(body.has_value());
        auto report = decode_report(*body);
        REQUIRE(report.has_value());
        return std::move(*report);
    }
    agent::Next answer(int status, std::string body = "", http::Headers headers = {}) {
        http::Response response;
        response.status = status;
        response.body = std::move(body);
        response.headers = std::move(headers);
        auto next = session->take(response);
        REQUIRE(next.has_value());
        return std::move(*next);
    }
    agent::Next acknowledge(const Report& report, std::int64_t interval_s = 15) {
        ReportReply reply;
        reply.acked_seq = report.last_seq;
        reply.server_time = clock.now() + Millis{2'000};
        reply.policy_etag = "p1";
        reply.interval_s = interval_s;
        return answer(200, encode(reply));
    }
    void flip(const std::string& check) {
        REQUIRE(spool->append_states({transition(check, Condition::ok, Condition::critical)})
                    .has_value());
    }
};

}  // namespace

TEST_CASE("session: a report has the agent's id, and its answer sets the pace") {
    Talk t;
    t.flip("a");
    const Report report = t.send();
    CHECK(report.agent_id == "agent-1");
    CHECK(report.boot_id == "boot-1");
    const agent::Next next = t.acknowledge(report, 30);
    CHECK(next.kind == AnswerKind::acknowledged);
    CHECK(next.wait == Millis{30'000});
    CHECK(next.hold == Millis{0});
    CHECK(next.policy_etag == "p1");
    CHECK(t.session->clock_skew() == Millis{2'000});
    CHECK(t.send().records.empty());
}

TEST_CASE("session: a backlog goes on at once, but not without progress") {
    Talk t;
    for (int i = 0; i < 600; ++i) {
        REQUIRE(t.spool->append_sample(readings(i, 10)).has_value());
    }
    const Report first = t.send();
    CHECK(t.acknowledge(first).wait == Millis{0});
    const Report second = t.send();
    CHECK(second.first_seq == first.last_seq + 1);
    Report stuck = second;
    stuck.last_seq = first.last_seq;
    CHECK(t.acknowledge(stuck).wait == Millis{15'000});
}

TEST_CASE("session: failures back off with full jitter up to ten minutes, success resets") {
    Talk t;
    t.flip("a");
    Millis longest{0};
    for (int i = 0; i < 60; ++i) {
        (void)t.send();
        const agent::Next next = t.answer(500);
        CHECK(next.kind == AnswerKind::unreachable);
        CHECK(next.wait <= Millis{std::min<std::int64_t>(600'000, 1000LL << std::min(i, 20))});
        CHECK(next.hold == next.wait);
        longest = std::max(longest, next.wait);
    }
    CHECK(longest > Millis{300'000});
    t.acknowledge(t.send());
    (void)t.send();
    const auto gone = t.session->take(fail(ErrorCode::unavailable, "refused"));
    REQUIRE(gone.has_value());
    CHECK(gone->wait <= Millis{1'000});
    CHECK(gone->detail == "refused");
}

TEST_CASE("session: the server's Retry-After is the least wait, bounded to an hour") {
    Talk t;
    (void)t.send();
    agent::Next next = t.answer(503, "", {{"Retry-After", "120"}});
    CHECK(next.kind == AnswerKind::throttled);
    CHECK(next.hold >= Millis{120'000});
    next = t.answer(429, "", {{"retry-after", "99999999"}});
    CHECK(next.hold <= Millis{3'600'000 + 600'000});
    ReportReply reply;
    reply.server_time = t.clock.now();
    reply.retry_after_s = 40;
    (void)t.send();
    next = t.answer(200, encode(reply));
    CHECK(next.hold == Millis{40'000});
    CHECK(next.wait == Millis{40'000});
}

TEST_CASE("session: a refused credential is tried again slowly and keeps everything") {
    Talk t;
    t.flip("a");
    for (const int status : {401, 403, 409}) {
        (void)t.send();
        const agent::Next next =
            t.answer(status, R"({"title":"no","detail":"the credential was revoked"})");
        CHECK(next.kind == (status == 409 ? AnswerKind::clone : AnswerKind::unauthorised));
        CHECK(next.hold >= Millis{5 * 60'000});
        CHECK(next.hold <= Millis{15 * 60'000});
        CHECK(next.detail == "HTTP " + std::to_string(status) + ": the credential was revoked");
    }
    CHECK(t.send().records.size() == 1);
}

TEST_CASE("session: a poisoned record is found by halving and dropped, the rest arrives") {
    Talk t;
    constexpr int k_records = 100;
    for (int i = 0; i < k_records; ++i) t.flip("check-" + std::to_string(i));
    std::vector<std::string> arrived;
    std::vector<std::string> reasons;
    for (int i = 0; i < 2000; ++i) {
        const Report report = t.send();
        if (report.records.empty()) break;
        const bool poisoned = std::any_of(
            report.records.begin(), report.records.end(), [](const ReportRecord& record) {
                return record.kind == RecordKind::state && record.states[0].check == "check-41";
            });
        if (poisoned) {
            CHECK(t.answer(400, R"({"detail":"records[3].states"})").kind == AnswerKind::refused);
            continue;
        }
        for (const ReportRecord& record : report.records) {
            for (const CheckState& state : record.states) arrived.push_back(state.check);
            for (const DroppedCount& drop : record.dropped) reasons.push_back(drop.reason);
        }
        t.acknowledge(report);
    }
    CHECK(arrived.size() == k_records - 1);
    CHECK(reasons == std::vector<std::string>{"refused by the server"});
}

TEST_CASE("session: an answer that is no reply counts as none") {
    Talk t;
    t.flip("a");
    (void)t.send();
    CHECK(t.answer(200, "<html>a captive portal</html>").kind == AnswerKind::unreachable);
    CHECK(t.send().records.size() == 1);
}

TEST_CASE("session: the server's wish for a full state is kept until it is met") {
    Talk t;
    ReportReply reply;
    reply.server_time = t.clock.now();
    reply.want_full_state = true;
    (void)t.send();
    t.answer(200, encode(reply));
    CHECK(t.session->wants_full_state());
    t.session->full_state_is_spooled();
    CHECK_FALSE(t.session->wants_full_state());
}

TEST_CASE("session: a server that knows a later epoch is told all of it in the one after") {
    Talk t;
    t.flip("a");
    const Report report = t.send();
    ReportReply reply;
    reply.server_time = t.clock.now();
    reply.acked_seq = report.first_seq - 1;
    reply.epoch = report.epoch + 365;
    CHECK(t.answer(200, encode(reply)).kind == AnswerKind::acknowledged);
    const Report again = t.send();
    CHECK(again.epoch == report.epoch + 366);
    CHECK(again.records.size() == 1);
}

TEST_CASE("identity: it is written for the agent alone and read back whole") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/identity.json";
    agent::Identity identity;
    identity.agent_id = "agent-1";
    identity.credential = Redacted<std::string>("secret");
    identity.server = "https://gantry:8443";
    identity.machine_id = "m1";
    identity.smbios_uuid = "u1";
    REQUIRE(agent::save_identity(path, identity).has_value());
    using std::filesystem::perms;
    CHECK((std::filesystem::status(path).permissions() & (perms::group_all | perms::others_all)) ==
          perms::none);
    const auto back = agent::load_identity(path);
    REQUIRE(back.has_value());
    CHECK(back->credential.reveal() == "secret");
    CHECK(back->token.reveal().empty());
    Facts facts;
    facts.machine_id = "m2";
    facts.smbios_uuid = "u1";
    CHECK_FALSE(agent::is_copy(*back, facts));  // a reinstall keeps the board
    facts.smbios_uuid = "u2";
    CHECK(agent::is_copy(*back, facts));
    facts.smbios_uuid = "";
    CHECK_FALSE(agent::is_copy(*back, facts));  // cannot be read: no proof
    CHECK(agent::load_identity(directory.path() + "/none").error().code == ErrorCode::not_found);
}

TEST_CASE("enrolment: a repetition has the same nonce until it succeeds, or the machine boots") {
    test::TemporaryDirectory directory;
    const std::string path = directory.path() + "/identity.json";
    SeededRandom random(1);
    const auto nonce = [&](const std::string& boot) {
        return agent::enrolment_nonce(path, boot, random).value();
    };
    const std::string first = nonce("boot-1");
    CHECK(first.size() == 32);
    CHECK(nonce("boot-1") == first);
    const std::string copied = nonce("boot-2");
    CHECK(copied != first);
    CHECK(nonce("boot-2") == copied);
    agent::forget_nonce(path);
    CHECK(nonce("boot-2") != copied);
    CHECK_FALSE(agent::enrolment_nonce(directory.path() + "/none/identity.json", "b", random));
}

TEST_CASE("enrolment: the reply becomes the identity, a refusal keeps its reason") {
    agent::Identity base;
    base.server = "https://gantry:8443";
    base.token = Redacted<std::string>("token-1");
    Facts facts;
    facts.machine_id = "m1";
    const auto request = agent::enrol_request(base, facts, "boot-1", "nonce-1", 77);
    CHECK(request.url == "https://gantry:8443/api/v1/agent/enrol");
    CHECK(decode_enrol_request(request.body)->token == "token-1");
    CHECK(decode_enrol_request(request.body)->nonce == "nonce-1");
    CHECK(decode_enrol_request(request.body)->uptime_s == 77);
    http::Response answer;
    answer.status = 201;
    answer.body = encode(EnrolReply{"agent-9", "cred", 5, "default", "main", "server"});
    const auto identity = agent::enrolled(base, facts, answer);
    REQUIRE(identity.has_value());
    CHECK(identity->agent_id == "agent-9");
    CHECK(identity->credential.reveal() == "cred");
    CHECK(identity->machine_id == "m1");
    answer.status = 401;
    answer.body = R"({"detail":"the enrolment token is not known"})";
    CHECK(agent::enrolled(base, facts, answer).error() ==
          fail(ErrorCode::unauthorised, "enrolment: HTTP 401: the enrolment token is not known"));
    answer.status = 200;
    answer.body = "{}";
    CHECK(agent::enrolled(base, facts, answer).error().code == ErrorCode::corrupt);
}
