#include "tests/simulation/bridge/workload.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "core/base/random.hpp"
#include "core/model/json.hpp"
#include "core/model/report_json.hpp"

namespace gantry::simulation {
namespace {

using Json = nlohmann::json;

constexpr int k_agents = 4;
constexpr int k_hosts = 5;
constexpr int k_services = 6;

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {
        for (int& weight : weights_) weight = random_.below(4) == 0 ? 0 : 1 + pick(9);
        if (weights_[0] == 0 && weights_[1] == 0) weights_[0] = 5;
        resolve_percent_ = 20 + pick(50);
    }

    Workload make(std::size_t records) {
        Workload out;
        for (int agent = 0; agent < k_agents; ++agent) {
            if (weights_[1] + weights_[3] > 0) add(out, enrol(agent));
        }
        while (out.journal.size() < records) add(out, any());
        return out;
    }

private:
    int pick(int bound) { return static_cast<int>(random_.below(static_cast<unsigned>(bound))); }
    bool chance(int percent) { return pick(100) < percent; }

    void add(Workload& out, journal::Record record) {
        now_ += Millis{chance(80) ? pick(5'000) : chance(80) ? pick(600'000) : pick(86'400'000)};
        seq_ += chance(95) ? 1 : 1 + pick(5);
        record.seq = JournalSeq{seq_};
        record.received_at = now_;
        out.journal.push_back(std::move(record));
    }

    journal::Record any() {
        int total = 0;
        for (const int weight : weights_) total += weight;
        int roll = pick(total);
        std::size_t kind = 0;
        while (roll >= weights_[kind]) roll -= weights_[kind++];
        switch (kind) {
            case 0: return intake();
            case 1: return report();
            case 2: return command();
            case 3: return presence();
            case 4: return expiry();
            default: return broken();
        }
    }

    journal::Record record(journal::Kind kind, int organisation, std::string source,
                           std::string body) {
        journal::Record out;
        out.organisation = OrganisationId{organisation};
        out.kind = kind;
        out.source = std::move(source);
        out.body = std::move(body);
        return out;
    }

    Json alert() {
        const std::string host = "host" + std::to_string(pick(k_hosts));
        const std::string service = "svc" + std::to_string(pick(k_services));
        constexpr std::array severities{"info", "warning", "critical"};
        Json out{{"severity", severities[static_cast<std::size_t>(pick(3))]},
                 {"summary", service + " is unwell"},
                 {"status", chance(resolve_percent_) ? "resolved" : "firing"}};
        if (chance(70)) out["key"] = host + "/" + service;
        if (chance(80)) out["host"] = chance(90) ? host : host + ".example.com";
        if (chance(60)) out["labels"] = {{"service", service}};
        if (!out.contains("key")) out["labels"]["host"] = host;
        if (chance(20)) out["expires_after_s"] = 60 + pick(3600);
        if (chance(10)) out["summary"] = "another text " + std::to_string(pick(100));
        return out;
    }

    journal::Record intake() {
        Json body = Json::array();
        const int count = chance(70) ? 1 : 1 + pick(6);
        for (int i = 0; i < count; ++i) body.push_back(alert());
        return record(journal::Kind::intake, 1 + (chance(15) ? 1 : 0), "generic",
                      count == 1 ? body[0].dump() : body.dump());
    }

    static std::string agent_id(int agent) { return "agent-" + std::to_string(agent); }

    journal::Record report() {
        const int agent = pick(k_agents);
        auto& next = next_seq_[static_cast<std::size_t>(agent)];
        Report report;
        report.agent_id = agent_id(agent);
        report.epoch = 1;
        report.boot_id = "boot";
        report.first_seq = next;
        const int count = 1 + pick(3);
        for (int i = 0; i < count; ++i) report.records.push_back(state_record(next++));
        report.last_seq = next - 1;
        return record(journal::Kind::agent_report, 1, report.agent_id, encode(report));
    }

    ReportRecord state_record(std::int64_t seq) {
        ReportRecord out;
        out.seq = seq;
        out.at = now_;
        out.age_ms = pick(60'000);
        if (chance(5)) {
            out.kind = RecordKind::facts;
            out.facts = facts(pick(k_agents), chance(20));
            return out;
        }
        out.kind = chance(5) ? RecordKind::full_state : RecordKind::state;
        CheckState state;
        state.check = "filesystem";
        state.instance = chance(50) ? "/" : "/var";
        state.condition = static_cast<Condition>(pick(4));
        state.previous = static_cast<Condition>(pick(4));
        state.summary = "disk at " + std::to_string(pick(100)) + " %";
        state.evidence = {{"value", std::to_string(pick(100))}};
        out.states.push_back(state);
        return out;
    }

    Facts facts(int agent, bool changed) {
        Facts out;
        out.hostname = "host" + std::to_string(agent);
        out.manufacturer = "Acme";
        out.serial = "SN-" + std::to_string(agent) + (changed ? "-new" : "");
        out.smbios_uuid = "11111111-2222-3333-4444-00000000000" + std::to_string(agent);
        out.os_name = "Debian GNU/Linux";
        out.cpu_count = 2 + agent;
        return out;
    }

    journal::Record enrol(int agent) {
        EnrolAgent order;
        order.agent_id = agent_id(agent);
        order.credential_hash = "hash-" + std::to_string(agent);
        order.token_id = 1;
        order.site = SiteId{1};
        order.role = "server";
        order.facts = facts(agent, false);
        return person(1, order, {});
    }

    journal::Record person(int organisation, CommandBody body,
                           std::optional<std::int64_t> expected) {
        const Command command{OrganisationId{organisation}, chance(50) ? "ann" : "bob", expected,
                              std::move(body)};
        return record(journal::Kind::command, organisation, command.actor, encode(command));
    }

    // Aimed at incidents that may or may not exist, in states that may or may not allow it.
    journal::Record command() {
        const IncidentId incident{1 + pick(40)};
        const int organisation = chance(90) ? 1 : 2;
        std::optional<std::int64_t> expected;
        if (chance(20)) expected = 1 + pick(4);
        switch (pick(6)) {
            case 0: return person(organisation, AddNote{incident, "looked at it", {}}, expected);
            case 1: return person(organisation, AssignIncident{incident, "ann", ""}, expected);
            case 2:
                return person(organisation,
                              ChangePriority{incident, static_cast<Level>(1 + pick(3)),
                                             static_cast<Level>(1 + pick(3)), "asked for"},
                              expected);
            case 3: {
                CreateIncident create;
                create.title = "printer on fire";
                create.asset = AssetId{pick(8)};
                return person(organisation, create, {});
            }
            default: {
                ChangeIncidentState change;
                change.incident = incident;
                change.to = static_cast<IncidentState>(1 + pick(5));
                change.hold_reason = chance(80) ? HoldReason::vendor : HoldReason::none;
                change.close_code = chance(80) ? CloseCode::solved : CloseCode::none;
                change.notes = "by hand";
                return person(organisation, change, expected);
            }
        }
    }

    journal::Record presence() {
        const std::string id = agent_id(pick(k_agents));
        if (chance(50)) {
            return record(journal::Kind::endpoint_returned, 1, id, Json{{"agent_id", id}}.dump());
        }
        return record(
            journal::Kind::endpoint_silent, 1, id,
            Json{{"agent_id", id}, {"last_seen_ms", to_ms(now_) - 90'000}, {"silence_ms", 90'000}}
                .dump());
    }

    journal::Record expiry() {
        Json ids = Json::array();
        for (int i = 0; i <= pick(3); ++i) ids.push_back(1 + pick(60));
        return record(journal::Kind::expiry, 0, "gantry", Json{{"alerts", ids}}.dump());
    }

    journal::Record broken() {
        constexpr std::array bodies{"", "{", "[1]", "{\"agent_id\":\"nobody\"}", "{\"key\":1}"};
        return record(static_cast<journal::Kind>(pick(6)), 1, "generic",
                      bodies[static_cast<std::size_t>(pick(5))]);
    }

    SeededRandom random_;
    std::array<int, 6> weights_{};
    int resolve_percent_ = 40;
    Instant now_ = from_ms(1'764'000'000'000);
    std::int64_t seq_ = 0;
    std::array<std::int64_t, k_agents> next_seq_{1, 1, 1, 1};
};

}  // namespace

Workload make_workload(std::uint64_t seed, std::size_t records) {
    return Generator(seed).make(records);
}

}  // namespace gantry::simulation
