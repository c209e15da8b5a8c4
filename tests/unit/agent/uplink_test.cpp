// The uplink over a scripted transport. Only the 200 ms of coalescing are waited for in real time.
#include "agent/uplink/uplink.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/model/report_json.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/spool_fixture.hpp"

using namespace gantry;
using namespace gantry::agent;
using gantry::test::SpoolFixture;

namespace {

constexpr const char* k_policy =
    R"({"name":"servers","checks":[{"id":"cpu","probe":"cpu","warning":0.9}]})";

// Answers by path, notes what was asked; `on_report` may steer the test.
class Script final : public Transport {
public:
    boost::asio::awaitable<Result<http::Response>> send(http::ClientRequest request) override {
        requests.push_back(request);
        if (request.url.ends_with("/report")) {
            reports.push_back(*decode_report(request.body));
            http::Response answer = on_report(reports.back());
            co_return answer;
        }
        http::Response answer;
        if (request.url.ends_with("/policy")) {
            answer.body = policy;
            answer.headers = {{"ETag", "\"" + policy_etag + "\""}};
        } else {
            answer.status = 201;
            answer.body = encode(EnrolReply{"agent-2", "cred-2", 1, "default", "default", "x"});
        }
        co_return answer;
    }

    std::string policy = k_policy;
    std::string policy_etag = "p2";
    std::vector<http::ClientRequest> requests;
    std::vector<Report> reports;
    std::function<http::Response(const Report&)> on_report;
};

http::Response acknowledged(const Report& report, const std::string& etag = "",
                            std::int64_t interval_s = 3600) {
    ReportReply reply;
    reply.acked_seq = report.last_seq;
    reply.policy_etag = etag;
    reply.interval_s = interval_s;
    http::Response out;
    out.body = encode(reply);
    return out;
}

struct Stage : SpoolFixture {
    boost::asio::io_context context;
    SystemClock system_clock;
    telemetry::Log log = telemetry::Log::silent();
    Script script;
    PolicyStore policies;
    Facts facts;
    int policy_changes = 0;
    int full_states = 0;
    std::int64_t uptime_s = 0;
    std::unique_ptr<Uplink> uplink;

    Stage() : policies(directory.path() + "/policy.json") {
        REQUIRE(open().has_value());
        facts.machine_id = "m1";
        facts.smbios_uuid = "u1";
    }
    void start(const std::string& machine = "m1", const std::string& uuid = "u1",
               const std::string& token = "") {
        Identity identity;
        identity.agent_id = "agent-1";
        identity.credential = Redacted<std::string>("cred-1");
        identity.server = "https://gantry";
        identity.machine_id = machine;
        identity.smbios_uuid = uuid;
        identity.token = Redacted<std::string>(token);
        UplinkParts parts{*spool,
                          policies,
                          script,
                          system_clock,
                          random,
                          log,
                          facts,
                          "boot-1",
                          [this] { return uptime_s; },
                          directory.path() + "/identity.json",
                          [this] { ++policy_changes; },
                          [this] { ++full_states; },
                          [] {}};
        uplink =
            std::make_unique<Uplink>(context.get_executor(), std::move(parts), std::move(identity));
    }
    void run() { test::run(context, uplink->run()); }
};

}  // namespace

TEST_CASE("uplink: a policy that will never do is fetched once, the next one again") {
    Stage stage;
    stage.start();
    stage.script.policy = R"({"checks":[{"id":"","probe":"cpu"}]})";
    stage.script.on_report = [&](const Report& report) {
        const std::size_t count = stage.script.reports.size();
        if (count == 4) {
            stage.script.policy = k_policy;
            stage.script.policy_etag = "p3";
        }
        if (count == 6) stage.uplink->stop();
        // More to send: the next report goes at once.
        REQUIRE(stage.spool->append_sample(test::readings(1)).has_value());
        return acknowledged(report, count < 4 ? "p2" : "p3");
    };
    REQUIRE(stage.spool->append_sample(test::readings(1)).has_value());
    stage.run();
    const auto fetched = std::count_if(
        stage.script.requests.begin(), stage.script.requests.end(),
        [](const http::ClientRequest& request) { return request.url.ends_with("/policy"); });
    CHECK(stage.script.reports.size() == 6);
    CHECK(fetched == 2);
    CHECK(stage.policies.current().etag == "p3");
    CHECK(stage.policy_changes == 1);
}

TEST_CASE("uplink: the first report goes at once, and a new policy is fetched and cached") {
    Stage stage;
    stage.start();
    stage.script.on_report = [&](const Report& report) {
        if (stage.script.reports.size() == 1) return acknowledged(report, "p2", 1);
        stage.uplink->stop();
        return acknowledged(report, "p2");
    };
    // The second report shows that the loop goes on.
    REQUIRE(stage.spool->append_states({test::transition("a", Condition::ok, Condition::warning)})
                .has_value());
    stage.run();
    REQUIRE(stage.script.requests.size() == 3);
    CHECK(stage.script.requests[0].gzip_body);
    CHECK(stage.script.requests[0].headers[0].second == "Bearer cred-1");
    CHECK(stage.script.requests[1].url == "https://gantry/api/v1/agent/policy");
    CHECK(stage.policies.current().name == "servers");
    CHECK(stage.policies.current().etag == "p2");
    CHECK(stage.policy_changes == 1);
}

TEST_CASE("uplink: a transition does not wait for the next interval") {
    Stage stage;
    stage.start();
    stage.script.on_report = [&](const Report& report) {
        if (stage.script.reports.size() == 1) {
            boost::asio::post(stage.context, [&] {
                REQUIRE(
                    stage.spool
                        ->append_states({test::transition("a", Condition::ok, Condition::critical)})
                        .has_value());
                stage.uplink->urgent();
            });
        } else {
            stage.uplink->stop();
        }
        return acknowledged(report);  // an hour until the next one
    };
    stage.run();
    REQUIRE(stage.script.reports.size() == 2);
    CHECK(stage.script.reports[1].records.size() == 1);
}

TEST_CASE("uplink: a wish for a full state is passed on") {
    Stage stage;
    stage.start();
    stage.script.on_report = [&](const Report& report) {
        ReportReply reply;
        reply.acked_seq = report.last_seq;
        reply.want_full_state = true;
        http::Response out;
        out.body = encode(reply);
        boost::asio::post(stage.context, [&] { stage.uplink->stop(); });
        return out;
    };
    stage.run();
    CHECK(stage.full_states == 1);
}

TEST_CASE("uplink: a clone with a token enrols anew and keeps its records in a new epoch") {
    Stage stage;
    stage.start("m1", "u1", "token-1");
    REQUIRE(stage.spool->append_states({test::transition("a", Condition::ok, Condition::warning)})
                .has_value());
    stage.script.on_report = [&](const Report& report) {
        if (report.agent_id == "agent-1") {
            http::Response clone;
            clone.status = 409;
            return clone;
        }
        stage.uplink->stop();
        return acknowledged(report);
    };
    stage.run();
    REQUIRE(stage.script.reports.size() == 2);
    CHECK(stage.script.reports[1].agent_id == "agent-2");
    CHECK(stage.script.reports[1].epoch == stage.script.reports[0].epoch + 1);
    CHECK(stage.script.reports[1].records.size() == 1);
    CHECK(load_identity(stage.directory.path() + "/identity.json")->agent_id == "agent-2");
    CHECK(stage.script.requests.back().headers[0].second == "Bearer cred-2");
    CHECK_FALSE(std::filesystem::exists(stage.directory.path() + "/identity.json.enrolling"));
}

TEST_CASE("uplink: on another machine it enrols before it says a word under the old name") {
    Stage stage;
    stage.start("other", "other", "token-1");
    stage.script.on_report = [&](const Report& report) {
        stage.uplink->stop();
        return acknowledged(report);
    };
    stage.run();
    REQUIRE(stage.script.reports.size() == 1);
    CHECK(stage.script.reports[0].agent_id == "agent-2");
}

TEST_CASE("uplink: a copy that enrols anew says since when it runs, by then") {
    Stage stage;
    stage.uptime_s = 40;
    stage.start("m1", "u1", "token-1");
    stage.script.on_report = [&](const Report& report) {
        http::Response answer;
        answer.status = 409;
        if (report.agent_id != "agent-1") {
            stage.uplink->stop();
            return acknowledged(report);
        }
        stage.uptime_s = 77;
        return answer;
    };
    stage.run();
    REQUIRE(stage.script.requests.size() == 3);
    REQUIRE(stage.script.requests[1].url == "https://gantry/api/v1/agent/enrol");
    const auto wanted = decode_enrol_request(stage.script.requests[1].body);
    REQUIRE(wanted.has_value());
    CHECK(wanted->boot_id == "boot-1");
    CHECK(wanted->uptime_s == 77);
}

TEST_CASE("uplink: a clone without a token keeps its identity") {
    Stage stage;
    stage.start();
    stage.script.on_report = [&](const Report&) {
        boost::asio::post(stage.context, [&] { stage.uplink->stop(); });
        http::Response clone;
        clone.status = 409;
        return clone;
    };
    stage.run();
    CHECK(stage.script.requests.size() == 1);
    CHECK(stage.uplink->identity().agent_id == "agent-1");
    CHECK(stage.uplink->last_problem() == "HTTP 409");
}
