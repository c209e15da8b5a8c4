#include "app/cli/incidents.hpp"

namespace gantry::cli {
namespace {

constexpr int k_timeline_shown = 500;

std::string path_of(const std::string& number) { return "/incidents/" + encode_part(number); }

Tone tone_of_state(const std::string& state) {
    if (state == "new") return Tone::warn;
    return state == "resolved" || state == "closed" ? Tone::good : Tone::plain;
}

std::string incident_line(const Reply& reply) {
    const Json& incident = reply.json;
    return text_of(incident, "number") + " is " + text_of(incident, "state") + ", priority " +
           text_of(incident, "priority") +
           (text_of(incident, "assignee").empty()
                ? ""
                : ", assigned to " + text_of(incident, "assignee")) +
           "\n";
}

std::string fields_of(const Json& incident, const std::string& asset) {
    const std::string firing = text_of(incident, "firing_count");
    return render_fields({
        {"number", text_of(incident, "number")},
        {"title", text_of(incident, "title")},
        {"state", text_of(incident, "state")},
        {"hold reason", text_of(incident, "hold_reason")},
        {"priority", text_of(incident, "priority") + " (impact " + text_of(incident, "impact") +
                         ", urgency " + text_of(incident, "urgency") + ")"},
        {"asset", asset},
        {"category", text_of(incident, "category")},
        {"source", text_of(incident, "source")},
        {"assignee", text_of(incident, "assignee")},
        {"group", text_of(incident, "assignment_group")},
        {"alerts", text_of(incident, "alert_count") + " (" + firing + " firing)"},
        {"detected", time_of(incident, "detected_at")},
        {"opened", time_of(incident, "opened_at")},
        {"updated", time_of(incident, "updated_at")},
        {"resolved", time_of(incident, "resolved_at")},
        {"closed", time_of(incident, "closed_at")},
        {"close code", text_of(incident, "close_code")},
        {"close notes", text_of(incident, "close_notes")},
        {"reopened",
         text_of(incident, "reopen_count") == "0" ? "" : text_of(incident, "reopen_count")},
        {"version", text_of(incident, "version")},
    });
}

// Every line of a text behind the same indent, control characters gone.
std::string indented(const std::string& text) {
    std::string out;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        out += "    " + one_line(text.substr(begin, end - begin)) + "\n";
        begin = end + 1;
    }
    return out;
}

std::string timeline_text(const Json& page) {
    std::string out = "\ntimeline\n";
    for (const Json& entry : member(page, "items")) {
        out += "  " + time_of(entry, "at") + "  " + one_line(text_of(entry, "actor")) + "  " +
               text_of(entry, "kind") +
               (text_of(entry, "visibility") == "public" ? " (public)" : "") + "\n" +
               indented(text_of(entry, "body"));
    }
    return out;
}

}  // namespace

int list_incidents(Session& session, const IncidentQuery& query) {
    const auto page = session.remote.list("/incidents",
                                          {{"open", query.open ? "true" : ""},
                                           {"state", query.state},
                                           {"priority", query.priority},
                                           {"asset", query.asset}},
                                          query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"NUMBER", "P", "STATE", "AGE", "ASSIGNEE", "TITLE"}, 5);
        const Instant now = session.clock.now();
        for (const Json& incident : member(reply.json, "items")) {
            const std::string state = text_of(incident, "state");
            table.add({text_of(incident, "number"),
                       {text_of(incident, "priority"), tone_of_priority(incident)},
                       {state, tone_of_state(state)},
                       age_of(incident, "opened_at", now),
                       text_of(incident, "assignee"),
                       text_of(incident, "title")});
        }
        return session.finish_list(table, reply, "no incidents");
    });
}

int show_incident(Session& session, const std::string& number) {
    auto incident = session.remote.get(path_of(number));
    if (!incident || session.json) {
        return session.show(incident, [](const Reply&) { return std::string(); });
    }
    std::string asset;
    if (const std::string id = text_of(incident->json, "asset_id"); !id.empty()) {
        const auto found = session.remote.get("/assets/" + id);
        asset = id + (found ? " (" + text_of(found->json, "name") + ")" : "");
    }
    const auto timeline =
        session.remote.list(path_of(number) + "/timeline", {}, k_timeline_shown, false);
    if (!timeline) return session.fail(timeline.error());
    return session.show(incident, [&](const Reply& reply) {
        std::string out = fields_of(reply.json, asset);
        const std::string description = text_of(reply.json, "description");
        if (!description.empty()) out += "\n" + indented(description);
        return out + timeline_text(timeline->json);
    });
}

int create_incident(Session& session, const Json& body) {
    return session.show(session.remote.send("POST", "/incidents", body), incident_line);
}

int add_note(Session& session, const std::string& number, const std::string& text, bool is_public) {
    const Json body{{"body", text}, {"visibility", is_public ? "public" : "work_note"}};
    return session.show(session.remote.send("POST", path_of(number) + "/notes", body),
                        incident_line);
}

int change_incident(Session& session, const std::string& number, const Json& change) {
    return session.show(session.remote.modify("PATCH", path_of(number), change), incident_line);
}

}  // namespace gantry::cli
