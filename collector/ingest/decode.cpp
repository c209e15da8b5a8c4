#include "collector/ingest/decode.hpp"

#include <nlohmann/json.hpp>

#include "core/model/report_json.hpp"

namespace gantry::collector {
namespace {

Error bad_record(const journal::Record& record, const std::string& what) {
    return fail(ErrorCode::corrupt,
                "journal record " + std::to_string(record.seq.value) + ": " + what);
}

Result<AgentIdentity> known_agent(const journal::Record& record, const std::string& agent_id,
                                  const AgentLookup& agents) {
    auto agent = agents(agent_id);
    if (!agent) return bad_record(record, "agent " + agent_id + " is not known");
    return std::move(*agent);
}

}  // namespace

records::AgentProgress progress_of(const Report& report, Instant received_at) {
    records::AgentProgress out{report.agent_id, report.epoch, report.last_seq,
                               report.boot_id,  received_at,  false};
    for (const ReportRecord& record : report.records) {
        if (record.kind == RecordKind::full_state) out.has_full_state = true;
    }
    return out;
}

Result<Decoded> decode_agent_report(const journal::Record& record, const AgentLookup& agents) {
    auto report = decode_report(record.body);
    if (!report) return bad_record(record, report.error().message);
    const auto agent = known_agent(record, report->agent_id, agents);
    if (!agent) return agent.error();
    Decoded decoded;
    decoded.events = normalize(*report, *agent, record.received_at);
    decoded.progress = progress_of(*report, record.received_at);
    for (const ReportRecord& item : report->records) {
        if (item.facts) decoded.facts = item.facts;
    }
    return decoded;
}

Result<Decoded> decode_presence(const journal::Record& record, const AgentLookup& agents) {
    const auto json = nlohmann::json::parse(record.body, nullptr, false);
    if (!json.is_object() || !json.contains("agent_id") || !json.at("agent_id").is_string()) {
        return bad_record(record, "no agent_id");
    }
    const auto agent = known_agent(record, json.at("agent_id").get<std::string>(), agents);
    if (!agent) return agent.error();
    Decoded decoded;
    if (record.kind == journal::Kind::endpoint_silent) {
        const auto number = [&](const char* name) {
            const auto at = json.find(name);
            return at != json.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
        };
        decoded.events.push_back(endpoint_silent(*agent, from_ms(number("last_seen_ms")),
                                                 Millis{number("silence_ms")}, record.received_at));
    } else {
        const bool revoked = json.value("revoked", nlohmann::json()) == true;
        decoded.events.push_back(revoked ? endpoint_unwatched(*agent, record.received_at)
                                         : endpoint_returned(*agent, record.received_at));
    }
    return decoded;
}

Result<Decoded> decode_expiry(const journal::Record& record) {
    const auto json = nlohmann::json::parse(record.body, nullptr, false);
    if (!json.is_object() || !json.contains("alerts")) return bad_record(record, "no alerts");
    Decoded decoded;
    for (const auto& id : json.at("alerts")) {
        if (!id.is_number_integer()) return bad_record(record, "an alert id is not a number");
        decoded.expired.emplace_back(id.get<std::int64_t>());
    }
    return decoded;
}

}  // namespace gantry::collector
