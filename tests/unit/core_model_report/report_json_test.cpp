// Golden files are in golden/; GANTRY_ACCEPT_GOLDEN=1 rewrites them, the diff is the review.
#include "core/model/report_json.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

using namespace gantry;

namespace {

std::string golden(const std::string& name, const std::string& actual) {
    const std::string path = "tests/unit/core_model_report/golden/" + name;
    if (std::getenv("GANTRY_ACCEPT_GOLDEN") != nullptr) std::ofstream(path) << actual << '\n';
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    std::string out = text.str();
    if (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

Facts some_facts() {
    Facts facts;
    facts.hostname = "web-1";
    facts.manufacturer = "Dell Inc.";
    facts.serial = "ABC1234";
    facts.smbios_uuid = "4c4c4544-0042-3510-8054-b7c04f4e4e32";
    facts.machine_id = "0123456789abcdef0123456789abcdef";
    facts.macs = {"00:11:22:33:44:55", "00:11:22:33:44:56"};
    facts.os_name = "Debian GNU/Linux";
    facts.os_version = "12";
    facts.cpu_count = 2;
    facts.memory_bytes = 25'000'000'000;
    facts.agent_version = "0.1.0";
    return facts;
}

ReportRecord record(std::int64_t seq, RecordKind kind) {
    ReportRecord out;
    out.seq = seq;
    out.at = from_ms(1'764'000'000'123 + seq);
    out.age_ms = 10 * seq;
    out.kind = kind;
    return out;
}

CheckState full_disk() {
    CheckState state;
    state.check = "filesystem";
    state.instance = "/var";
    state.condition = Condition::critical;
    state.previous = Condition::ok;
    state.summary = "/var is 96 % full (critical at 95 %)";
    state.evidence = {{"device", "/dev/sda1"}, {"used", "96 %"}};
    return state;
}

Report report_of_every_kind() {
    Report report;
    report.agent_id = "0b9d1d8a-6c2e-4f5e-8f9b-111111111111";
    report.epoch = 3;
    report.boot_id = "b0000000-0000-0000-0000-000000000001";
    report.first_seq = 7;
    report.last_seq = 12;
    ReportRecord facts = record(7, RecordKind::facts);
    facts.facts = some_facts();
    ReportRecord dropped = record(8, RecordKind::dropped);
    dropped.dropped = {{RecordKind::sample, 120, "spool full"}};
    ReportRecord state = record(10, RecordKind::state);
    state.states = {full_disk()};
    ReportRecord sample = record(11, RecordKind::sample);
    sample.readings = {{"system.cpu.utilization", "", 0.25},
                       {"system.filesystem.utilization", "/var", 0.96}};
    ReportRecord full = record(12, RecordKind::full_state);
    full.states = {full_disk()};
    report.records = {facts, dropped, state, sample, full};
    return report;
}

std::string message_of(std::string_view json) {
    const auto result = decode_report(json);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::invalid_input);
    return result.error().message;
}

// A valid report around one record's text.
std::string around(const std::string& records,
                   const char* range = R"("first_seq":1,"last_seq":9)") {
    return R"({"agent_id":"a","epoch":1,"boot_id":"b",)" + std::string(range) + R"(,"records":[)" +
           records + "]}";
}

constexpr const char* k_head = R"({"seq":1,"at":"2026-11-25T03:05:41.123Z","age_ms":0,)";

}  // namespace

TEST_CASE("report codec: a report of every kind of record is written as the golden file says") {
    const std::string json = encode(report_of_every_kind());
    CHECK(json == golden("report.json", json));
}

TEST_CASE("report codec: reading what was written and writing it again gives equal bytes") {
    const std::string json = encode(report_of_every_kind());
    const auto decoded = decode_report(json);
    REQUIRE(decoded.has_value());
    CHECK(encode(*decoded) == json);
    CHECK(decoded->records[0].facts == some_facts());
    CHECK(decoded->records[2].states[0].evidence == full_disk().evidence);
    CHECK(decoded->records[2].at == from_ms(1'764'000'000'133));
    CHECK(decoded->records[3].readings[1].value == Approx(0.96));
}

TEST_CASE("report codec: a record is stored and read back alone") {
    for (const ReportRecord& one : report_of_every_kind().records) {
        const std::string json = encode(one);
        const auto back = decode_report_record(json);
        REQUIRE(back.has_value());
        CHECK(encode(*back) == json);
    }
}

TEST_CASE("report codec: replies and enrolment are written as the golden files say") {
    ReportReply reply;
    reply.acked_seq = 12;
    reply.server_time = from_ms(1'764'000'000'000);
    reply.policy_etag = "9f2c";
    reply.want_full_state = true;
    CHECK(encode(reply) == golden("reply.json", encode(reply)));
    const auto reply_back = decode_report_reply(encode(reply));
    REQUIRE(reply_back.has_value());
    CHECK(encode(*reply_back) == encode(reply));
    CHECK(reply_back->epoch == 0);
    reply.epoch = 7;  // named only when it says something
    CHECK(decode_report_reply(encode(reply))->epoch == 7);

    const EnrolRequest request{"token-1", "boot-1", some_facts()};
    CHECK(encode(request) == golden("enrol_request.json", encode(request)));
    const auto request_back = decode_enrol_request(encode(request));
    REQUIRE(request_back.has_value());
    CHECK(request_back->facts == request.facts);
    CHECK(request_back->token == "token-1");
    CHECK(request_back->nonce.empty());
    EnrolRequest repeatable = request;
    repeatable.nonce = "n-1";
    CHECK(decode_enrol_request(encode(repeatable))->nonce == "n-1");
    repeatable.nonce = std::string(65, 'n');
    CHECK_FALSE(decode_enrol_request(encode(repeatable)).has_value());

    const EnrolReply enrolled{"agent-1", "c2VjcmV0", 42, "default", "default", "server"};
    CHECK(encode(enrolled) == golden("enrol_reply.json", encode(enrolled)));
    const auto enrolled_back = decode_enrol_reply(encode(enrolled));
    REQUIRE(enrolled_back.has_value());
    CHECK(enrolled_back->asset_id == 42);
    CHECK(enrolled_back->credential == "c2VjcmV0");
}

TEST_CASE("report codec: a reply with only an acknowledgement keeps the pacing's defaults") {
    const auto reply =
        decode_report_reply(R"({"acked_seq":0,"server_time":"2026-11-25T00:00:00Z"})");
    REQUIRE(reply.has_value());
    CHECK(reply->interval_s == 15);
    CHECK_FALSE(reply->want_full_state);
}

TEST_CASE("report codec: unknown keys are ignored, so that a newer agent is understood") {
    const auto report = decode_report(
        around(std::string(k_head) + R"("kind":"sample","readings":[],"later":{"x":[1]}})"));
    CHECK(report.has_value());
}

TEST_CASE("report codec: a wrong value is named by its path") {
    const std::string head = k_head;
    CHECK(message_of("{").rfind("not JSON", 0) == 0);
    CHECK(message_of("[]") == "document: must be an object");
    CHECK(message_of("{}") == "agent_id: is missing");
    CHECK(message_of(around("7")) == "records[0]: must be an object");
    CHECK(message_of(around(head + R"("kind":"soup"})")) ==
          "records[0].kind: \"soup\" is not a known word");
    CHECK(message_of(around(head + R"("kind":"sample","readings":[{"name":"x","value":"1"}]})")) ==
          "records[0].readings[0].value: must be a number");
    CHECK(message_of(around(head + R"("kind":"state","states":[]})")) ==
          "records[0].states: a state record has exactly one");
    CHECK(message_of(around(
              head +
              R"("kind":"state","states":[{"check":"c","condition":"ok","evidence":{"a":1}}]})")) ==
          "records[0].states[0].evidence.a: must be a string");
    CHECK(message_of(around(head + R"("kind":"facts","facts":{"macs":[1]}})")) ==
          "records[0].facts.macs[0]: must be a string");
    CHECK(message_of(around(R"({"seq":1,"at":"yesterday"})")) ==
          "records[0].at: \"yesterday\" is not an RFC 3339 time");
    CHECK(message_of(around(R"({"seq":0})")) == "records[0].seq: must be at least 1");
}

TEST_CASE("report codec: records must ascend inside the range, holes are allowed") {
    const std::string body = R"("at":"2026-11-25T03:05:41Z","age_ms":0,"kind":"sample",)"
                             R"("readings":[]})";
    const std::string one = R"({"seq":1,)" + body;
    const std::string three = R"({"seq":3,)" + body;
    CHECK(decode_report(around(one + "," + three)).has_value());
    CHECK(message_of(around(three + "," + one)) ==
          "records[1].seq: must ascend inside first_seq..last_seq");
    CHECK(message_of(around(one + "," + one)) ==
          "records[1].seq: must ascend inside first_seq..last_seq");
    CHECK(message_of(around(three, R"("first_seq":1,"last_seq":2)")) ==
          "records[0].seq: must ascend inside first_seq..last_seq");
    CHECK(decode_report(around("", R"("first_seq":5,"last_seq":4)")).has_value());
    CHECK(message_of(around("", R"("first_seq":5,"last_seq":3)")) ==
          "last_seq: is before first_seq");
}

TEST_CASE("report codec: invalid UTF-8 is refused when read and replaced when written") {
    CHECK(message_of("{\"agent_id\":\"\xff\"}").rfind("not JSON", 0) == 0);
    ReportRecord state = record(1, RecordKind::state);
    state.states = {full_disk()};
    state.states[0].summary = "bad \xff byte";
    const auto back = decode_report_record(encode(state));
    REQUIRE(back.has_value());
    CHECK(back->states[0].summary == "bad \xEF\xBF\xBD byte");
}

TEST_CASE("report codec: a reading that is no number is left out, not sent as null") {
    ReportRecord sample = record(1, RecordKind::sample);
    sample.readings = {{"a", "", std::numeric_limits<double>::quiet_NaN()}, {"b", "", 1.5}};
    const auto back = decode_report_record(encode(sample));
    REQUIRE(back.has_value());
    REQUIRE(back->readings.size() == 1);
    CHECK(back->readings[0].name == "b");
}

TEST_CASE("report codec: evidence comes out sorted and unique whatever the order it came in") {
    const auto report = decode_report(
        around(std::string(k_head) + R"("kind":"state","states":[{"check":"c","condition":"ok",)"
                                     R"("evidence":{"b":"2","a":"1","b":"3"}}]})"));
    REQUIRE(report.has_value());
    CHECK(report->records[0].states[0].evidence == Labels{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("report codec: deep nesting is refused without recursion") {
    CHECK(message_of(std::string(100'000, '[')).rfind("not JSON", 0) == 0);
}

TEST_CASE("report: every text of an agent is bounded and fits a store when it was read") {
    const std::string bad = std::string("x\0\x1b", 3) + std::string(2 * k_max_summary_bytes, 'y');
    ReportRecord states = record(1, RecordKind::state);
    states.states.push_back(full_disk());
    CheckState& state = states.states.back();
    state.check = state.instance = state.summary = bad;
    state.evidence.clear();
    for (int i = 0; i < 100; ++i) state.evidence.emplace_back(std::to_string(i) + bad, bad);
    ReportRecord facts = record(2, RecordKind::facts);
    facts.facts = some_facts();
    facts.facts->hostname = bad;
    facts.facts->macs.assign(100, bad);
    Report report;
    report.agent_id = "a";
    report.epoch = 1;
    report.boot_id = "b";
    report.first_seq = 1;
    report.last_seq = 2;
    report.records = {states, facts};
    const auto read = decode_report(encode(report));
    REQUIRE(read.has_value());
    const CheckState& taken = read->records[0].states[0];
    std::vector<std::string> texts{taken.check, taken.instance, taken.summary};
    CHECK(taken.evidence.size() == k_max_labels);
    for (const auto& [name, value] : taken.evidence) {
        texts.push_back(name);
        texts.push_back(value);
    }
    CHECK(read->records[1].facts->macs.size() == k_max_macs);
    texts.push_back(read->records[1].facts->hostname);
    texts.insert(texts.end(), read->records[1].facts->macs.begin(),
                 read->records[1].facts->macs.end());
    for (const std::string& text : texts) {
        CHECK(text.size() <= k_max_summary_bytes);
        CHECK(text.find('\0') == std::string::npos);
        CHECK(text.find('\x1b') == std::string::npos);
    }
    CHECK(taken.check.size() <= k_max_check_bytes);
    CHECK(read->records[1].facts->hostname.size() <= k_max_instance_bytes);
}

TEST_CASE("report: an id that we cannot have given out is refused by name, not changed") {
    for (const std::string& id : {std::string("a\0b", 3), std::string(65, 'a'), std::string("a b"),
                                  std::string("\xC3\xA4"), std::string()}) {
        Report report;
        report.agent_id = "a";
        report.boot_id = "b";
        report.epoch = report.first_seq = 1;
        report.agent_id = id;
        auto read = decode_report(encode(report));
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().message.find("agent_id: ") == 0);
        report.agent_id = "a";
        report.boot_id = id;
        read = decode_report(encode(report));
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().message.find("boot_id: ") == 0);
    }
    EnrolRequest request;
    request.boot_id = "b";
    request.token = std::string(256, 't');
    CHECK_FALSE(decode_enrol_request(encode(request)).has_value());
    request.token = "t";
    CHECK(decode_enrol_request(encode(request)).has_value());
    request.boot_id.clear();
    const auto nobody = decode_enrol_request(encode(request));
    REQUIRE_FALSE(nobody.has_value());
    CHECK(nobody.error().message.find("boot_id: ") == 0);
    const auto no_nonce =
        decode_enrol_request(R"({"token":"t","boot_id":"b","facts":{},"nonce":""})");
    REQUIRE(no_nonce.has_value());
    CHECK(no_nonce->nonce.empty());
}
