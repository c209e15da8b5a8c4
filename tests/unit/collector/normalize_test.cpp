#include "collector/ingest/normalize.hpp"

#include <catch2/catch.hpp>

#include "collector/ingest/decode.hpp"

using namespace gantry;
using namespace gantry::collector;

namespace {

const Instant k_now = from_ms(1'764'000'000'000);
const AgentIdentity k_agent{"agent-1", OrganisationId{1}, AssetId{12}, "web01"};

Report one_state(Condition condition, Condition previous, std::int64_t age_ms = 0,
                 RecordKind kind = RecordKind::state) {
    CheckState state;
    state.check = "filesystem";
    state.instance = "/var";
    state.condition = condition;
    state.previous = previous;
    state.summary = "/var is 96 % full";
    state.evidence = {{"value", "0.96"}, {"device", "/dev/sda1"}};
    ReportRecord record;
    record.kind = kind;
    record.age_ms = age_ms;
    record.states.push_back(state);
    Report report;
    report.records.push_back(record);
    return report;
}

std::vector<Event> events(Condition condition, Condition previous) {
    return normalize(one_state(condition, previous), k_agent, k_now);
}

}  // namespace

TEST_CASE("normalize: a critical check fires an alert bound to the agent's asset") {
    const auto list = events(Condition::critical, Condition::ok);
    REQUIRE(list.size() == 1);
    const Event& event = list.front();
    CHECK(event.key == "asset/12/filesystem//var");
    CHECK(event.action == EventAction::firing);
    CHECK(event.severity == Severity::critical);
    CHECK(event.asset == AssetId{12});
    CHECK(event.labels == Labels{{"check", "filesystem"}, {"host", "web01"}, {"instance", "/var"}});
    CHECK(event.evidence == Labels{{"device", "/dev/sda1"}, {"value", "0.96"}});
    CHECK(event.observed_at == k_now);
}

TEST_CASE("normalize: warning fires, ok resolves") {
    CHECK(events(Condition::warning, Condition::ok).front().severity == Severity::warning);
    const auto list = events(Condition::ok, Condition::critical);
    REQUIRE(list.size() == 1);
    CHECK(list.front().action == EventAction::resolved);
}

TEST_CASE("normalize: a check that cannot be judged is an alert of its own") {
    const auto blind = events(Condition::unknown, Condition::critical);
    REQUIRE(blind.size() == 1);
    CHECK(blind.front().key == "asset/12/filesystem//var/unknown");
    CHECK(blind.front().severity == Severity::info);
    const auto seen = events(Condition::ok, Condition::unknown);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].key == "asset/12/filesystem//var/unknown");
    CHECK(seen[0].action == EventAction::resolved);
    CHECK(seen[1].key == "asset/12/filesystem//var");
    CHECK(seen[1].action == EventAction::resolved);
}

TEST_CASE("normalize: a full state clears a blindness that the server may still believe in") {
    const auto list =
        normalize(one_state(Condition::critical, Condition::critical, 0, RecordKind::full_state),
                  k_agent, k_now);
    REQUIRE(list.size() == 3);
    CHECK(list[0].action == EventAction::resolved);
    CHECK(list[1].action == EventAction::firing);
}

TEST_CASE("normalize: a full state ends with what it listed, blind checks among it") {
    Report report = one_state(Condition::unknown, Condition::ok, 0, RecordKind::full_state);
    report.records[0].states.push_back(report.records[0].states[0]);
    report.records[0].states[1].instance = "/";
    const auto list = normalize(report, k_agent, k_now);
    REQUIRE(list.size() == 3);
    REQUIRE(list.back().full_state.has_value());
    CHECK(*list.back().full_state ==
          std::vector<std::string>{"asset/12/filesystem//", "asset/12/filesystem///unknown",
                                   "asset/12/filesystem//var", "asset/12/filesystem//var/unknown"});
    CHECK(list.back().asset == k_agent.asset);
    CHECK(list.back().organisation == k_agent.organisation);
    report.records[0].states.clear();  // nothing is checked any more
    REQUIRE(normalize(report, k_agent, k_now).size() == 1);
    CHECK(normalize(report, k_agent, k_now)[0].full_state->empty());
}

TEST_CASE("normalize: the age counts, not the agent's wall clock, and never the future") {
    const auto old =
        normalize(one_state(Condition::critical, Condition::ok, 90'000), k_agent, k_now);
    CHECK(old.front().observed_at == k_now - std::chrono::seconds{90});
    const auto odd = normalize(one_state(Condition::critical, Condition::ok, -5), k_agent, k_now);
    CHECK(odd.front().observed_at == k_now);
}

TEST_CASE("normalize: what a record of an older gantryd may hold becomes an event within bounds") {
    const std::string bad = std::string("cp\0u", 4) + std::string(20'000, 'x');
    CheckState state;
    state.check = state.instance = state.summary = bad;
    state.condition = Condition::critical;
    for (int i = 0; i < 200; ++i) state.evidence.emplace_back(std::to_string(i), bad);
    ReportRecord record;
    record.kind = RecordKind::state;
    record.states.push_back(state);
    Report report;
    report.records.push_back(record);
    AgentIdentity agent = k_agent;
    agent.name = bad;
    const auto list = normalize(report, agent, k_now);
    REQUIRE(list.size() == 2);
    for (const Event& event : list) {
        CHECK(event.key.size() <= k_max_key_bytes);
        CHECK(event.key.find('\0') == std::string::npos);
        CHECK(event.summary.size() <= k_max_summary_bytes);
        CHECK(event.evidence.size() <= k_max_labels);
        for (const LabelSet* labels : {&event.labels, &event.evidence}) {
            for (const auto& [name, value] : *labels) {
                CHECK(value.size() <= k_max_label_bytes);
                CHECK(value.find('\0') == std::string::npos);
            }
        }
    }
}

TEST_CASE("normalize: long instances with the same beginning stay two alerts") {
    Report report = one_state(Condition::critical, Condition::ok);
    std::string& instance = report.records[0].states[0].instance;
    instance = std::string(250, 'p') + "/a";
    const auto one = normalize(report, k_agent, k_now);
    instance.back() = 'b';
    const auto other = normalize(report, k_agent, k_now);
    CHECK(one.back().key != other.back().key);
    CHECK(one.back().key.size() <= k_max_key_bytes - 8);
    instance.back() = 'a';
    CHECK(normalize(report, k_agent, k_now).back().key == one.back().key);
}

TEST_CASE("normalize: silence and return speak of one alert") {
    const Event silent = endpoint_silent(k_agent, k_now, Millis{75'400}, k_now);
    const Event returned = endpoint_returned(k_agent, k_now);
    CHECK(silent.key == "asset/12/endpoint_offline");
    CHECK(silent.key == returned.key);
    CHECK(silent.summary == "endpoint offline: no report for 75 s");
    CHECK(silent.action == EventAction::firing);
    CHECK(returned.action == EventAction::resolved);
    CHECK(silent.labels == returned.labels);
}

TEST_CASE("decode: presence and expiry records give the events that were journaled") {
    const AgentLookup lookup = [](const std::string& id) -> std::optional<AgentIdentity> {
        if (id == "agent-1") return k_agent;
        return std::nullopt;
    };
    journal::Record record;
    record.seq = JournalSeq{9};
    record.received_at = k_now;
    record.kind = journal::Kind::endpoint_silent;
    record.body = R"({"agent_id":"agent-1","last_seen_ms":1763999900000,"silence_ms":100000})";
    const auto silent = decode_presence(record, lookup);
    REQUIRE(silent.has_value());
    CHECK(silent->events.front().summary == "endpoint offline: no report for 100 s");
    record.kind = journal::Kind::endpoint_returned;
    record.body = R"({"agent_id":"agent-1","revoked":true})";
    const auto gone = decode_presence(record, lookup);
    REQUIRE(gone.has_value());
    CHECK(gone->events.front().key == silent->events.front().key);
    CHECK(gone->events.front().action == EventAction::resolved);
    CHECK(gone->events.front().summary.find("revoked") != std::string::npos);
    record.kind = journal::Kind::expiry;
    record.body = R"({"alerts":[4,7]})";
    CHECK(decode_expiry(record)->expired == std::vector<AlertId>{AlertId{4}, AlertId{7}});
}

TEST_CASE("decode: a broken record is corrupt and names its sequence") {
    const AgentLookup nobody = [](const std::string&) { return std::optional<AgentIdentity>{}; };
    journal::Record record;
    record.seq = JournalSeq{9};
    for (const char* body : {"", "{}", "[]", "{\"agent_id\":1}", "{\"agent_id\":\"x\"}"}) {
        record.body = body;
        const auto decoded = decode_presence(record, nobody);
        REQUIRE_FALSE(decoded.has_value());
        CHECK(decoded.error().code == ErrorCode::corrupt);
        CHECK(decoded.error().message.find("journal record 9") == 0);
    }
    record.body = "{\"alerts\":[\"x\"]}";
    CHECK_FALSE(decode_expiry(record).has_value());
    record.body = "{";
    CHECK_FALSE(decode_agent_report(record, nobody).has_value());
}
