// Commands and facts as journaled:
// {"command":"assign_incident","organisation":1,"actor":"ann",...}. An older journal must stay
// readable: keys may be added, never renamed.
#include "core/model/facts_fields.hpp"
#include "core/model/json.hpp"
#include "core/model/json_build.hpp"
#include "core/model/json_read.hpp"

namespace gantry {
namespace {

using json::Json;
using json::ObjectReader;

// One overload pair a command: what it writes, and what it reads.
void write(const CreateIncident& c, Json& out) {
    out["command"] = "create_incident";
    out["title"] = c.title;
    out["description"] = c.description;
    out["asset"] = c.asset.value;
    out["impact"] = to_string(c.impact);
    out["urgency"] = to_string(c.urgency);
    out["category"] = c.category;
    out["assignment_group"] = c.assignment_group;
}
void read(ObjectReader& in, CreateIncident& c) {
    in.text("title", c.title);
    in.text("description", c.description);
    in.id("asset", c.asset);
    in.word("impact", c.impact);
    in.word("urgency", c.urgency);
    in.text("category", c.category);
    in.text("assignment_group", c.assignment_group);
}

void write(const AddNote& c, Json& out) {
    out["command"] = "add_note";
    out["incident"] = c.incident.value;
    out["body"] = c.body;
    out["visibility"] = to_string(c.visibility);
}
void read(ObjectReader& in, AddNote& c) {
    in.id("incident", c.incident);
    in.text("body", c.body);
    in.word("visibility", c.visibility);
}

void write(const AssignIncident& c, Json& out) {
    out["command"] = "assign_incident";
    out["incident"] = c.incident.value;
    out["assignee"] = c.assignee;
    out["assignment_group"] = c.assignment_group;
}
void read(ObjectReader& in, AssignIncident& c) {
    in.id("incident", c.incident);
    in.text("assignee", c.assignee);
    in.text("assignment_group", c.assignment_group);
}

void write(const ChangeIncidentState& c, Json& out) {
    out["command"] = "change_incident_state";
    out["incident"] = c.incident.value;
    out["to"] = to_string(c.to);
    out["hold_reason"] = to_string(c.hold_reason);
    out["close_code"] = to_string(c.close_code);
    out["notes"] = c.notes;
}
void read(ObjectReader& in, ChangeIncidentState& c) {
    in.id("incident", c.incident);
    in.word("to", c.to);
    in.word("hold_reason", c.hold_reason);
    in.word("close_code", c.close_code);
    in.text("notes", c.notes);
}

void write(const ChangePriority& c, Json& out) {
    out["command"] = "change_priority";
    out["incident"] = c.incident.value;
    out["impact"] = to_string(c.impact);
    out["urgency"] = to_string(c.urgency);
    out["reason"] = c.reason;
}
void read(ObjectReader& in, ChangePriority& c) {
    in.id("incident", c.incident);
    in.word("impact", c.impact);
    in.word("urgency", c.urgency);
    in.text("reason", c.reason);
}

void read_facts(ObjectReader& in, Facts& facts) {
    for (const auto& [key, member] : k_facts_text_fields) in.text(key, facts.*member);
    for (const auto& [key, member] : k_facts_number_fields) in.integer(key, facts.*member);
    in.texts("macs", facts.macs);
    in.refuse_unknown();
}

void read_facts_member(ObjectReader& in, Facts& facts) {
    in.require("facts");
    if (const Json* value = in.value("facts")) {
        ObjectReader inner(*value, in.place_of("facts"));
        read_facts(inner, facts);
        const auto done = inner.result();
        if (!done) in.fault("facts", ": " + done.error().message);
    }
}

void write(const EnrolAgent& c, Json& out) {
    out["command"] = "enrol_agent";
    out["agent_id"] = c.agent_id;
    out["credential_hash"] = c.credential_hash;
    out["token_id"] = c.token_id;
    out["site"] = c.site.value;
    out["role"] = c.role;
    if (!c.nonce.empty()) out["nonce"] = c.nonce;
    if (!c.boot_id.empty()) out["boot_id"] = c.boot_id;
    if (c.uptime_s != 0) out["uptime_s"] = c.uptime_s;
    out["facts"] = json::facts(c.facts);
}
void read(ObjectReader& in, EnrolAgent& c) {
    in.text("agent_id", c.agent_id);
    in.text("credential_hash", c.credential_hash);
    in.integer("token_id", c.token_id);
    in.id("site", c.site);
    in.text("role", c.role);
    in.text("nonce", c.nonce);
    in.text("boot_id", c.boot_id);
    in.integer("uptime_s", c.uptime_s);
    read_facts_member(in, c.facts);
}

void write(const ReportFacts& c, Json& out) {
    out["command"] = "report_facts";
    out["agent_id"] = c.agent_id;
    if (!c.boot_id.empty()) out["boot_id"] = c.boot_id;
    out["facts"] = json::facts(c.facts);
}
void read(ObjectReader& in, ReportFacts& c) {
    in.text("agent_id", c.agent_id);
    in.text("boot_id", c.boot_id);
    read_facts_member(in, c.facts);
}

template <class Alternative>
CommandBody read_as(ObjectReader& in) {
    Alternative body;
    read(in, body);
    return body;
}

struct Name {
    const char* word;
    CommandBody (*read)(ObjectReader&);
};
constexpr Name k_names[] = {
    {"create_incident", read_as<CreateIncident>},
    {"add_note", read_as<AddNote>},
    {"assign_incident", read_as<AssignIncident>},
    {"change_incident_state", read_as<ChangeIncidentState>},
    {"change_priority", read_as<ChangePriority>},
    {"enrol_agent", read_as<EnrolAgent>},
    {"report_facts", read_as<ReportFacts>},
};

}  // namespace

std::string encode(const Command& command) {
    Json out = Json::object();
    out["command"] = "";
    out["organisation"] = command.organisation.value;
    out["actor"] = command.actor;
    if (command.expected_version) out["expected_version"] = *command.expected_version;
    std::visit([&](const auto& body) { write(body, out); }, command.body);
    return json::dump(out);
}

Result<Command> decode_command(std::string_view text) {
    const auto document = json::parse_document(text, "the command");
    if (!document) return document.error();
    ObjectReader in(*document, "");
    std::string word;
    Command command;
    in.require("command");
    in.text("command", word);
    in.id("organisation", command.organisation);
    in.text("actor", command.actor);
    if (in.value("expected_version")) {
        std::int64_t version = 0;
        in.integer("expected_version", version);
        command.expected_version = version;
    }
    const Name* name = nullptr;
    for (const Name& candidate : k_names) {
        if (word == candidate.word) name = &candidate;
    }
    if (name) {
        command.body = name->read(in);
    } else {
        in.fault("command", ": \"" + truncate_utf8(word, 64) + "\" is not a known command");
    }
    if (const auto done = in.result(); !done) return done.error();
    return command;
}

Result<Facts> decode_facts(std::string_view text) {
    const auto document = json::parse_document(text, "the facts");
    if (!document) return document.error();
    ObjectReader in(*document, "");
    Facts facts;
    read_facts(in, facts);
    if (const auto done = in.result(); !done) return done.error();
    return facts;
}

}  // namespace gantry
