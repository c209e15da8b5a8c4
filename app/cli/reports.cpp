#include "app/cli/reports.hpp"

namespace gantry::cli {
namespace {

Tone tone_of_severity(const std::string& severity) {
    if (severity == "critical") return Tone::bad;
    return severity == "warning" ? Tone::warn : Tone::plain;
}

// "host=web01 check=disk"
std::string pairs(const Json& object) {
    std::string out;
    if (!object.is_object()) return out;
    for (const auto& [name, value] : object.items()) {
        out += (out.empty() ? "" : " ") + name + "=" + text_of(object, name.c_str());
    }
    return out;
}

std::string incident_of(const Json& document) {
    const std::string id = text_of(document, "incident_id");
    if (id.empty()) return {};
    return "INC" + std::string(id.size() < 7 ? 7 - id.size() : 0, '0') + id;
}

std::string status_text(const Json& status) {
    const Json& priorities = member(member(status, "incidents"), "by_priority");
    std::string open = text_of(member(status, "incidents"), "open");
    std::string split;
    for (const auto& [priority, count] : priorities.items()) {
        if (count == 0) continue;
        split += (split.empty() ? "" : ", ") + text_of(priorities, priority.c_str()) +
                 " of priority " + priority;
    }
    const Json& error = member(status, "last_error");
    return render_fields({
        {"gantryd", "version " + text_of(status, "version") + ", up " +
                        text_of(status, "uptime_s") + " s" +
                        (text_of(status, "ready") == "yes" ? "" : ", not ready")},
        {"incidents", open + " open" + (split.empty() ? "" : ": " + split)},
        {"alerts", text_of(member(status, "alerts"), "firing") + " firing"},
        {"agents", text_of(member(status, "agents"), "online") + " online, " +
                       text_of(member(status, "agents"), "offline") + " offline"},
        {"journal", text_of(member(status, "journal"), "lag_records") + " records behind"},
        {"deliveries", text_of(member(status, "outbox"), "waiting") + " waiting, " +
                           text_of(member(status, "outbox"), "dead") + " dead"},
        {"last error",
         error.is_object() ? text_of(error, "connector") + ": " + text_of(error, "message") : ""},
        {"you are", text_of(member(status, "caller"), "name") + " (" +
                        text_of(member(status, "caller"), "role") + ")"},
    });
}

// The sentences name the rule and those passed over; as fields of their own they are in --json.
std::string explanation_text(const Json& explanation) {
    std::string out = one_line(text_of(explanation, "subject")) + "\n";
    if (text_of(explanation, "more") == "yes") out += "(older decisions exist)\n";
    for (const Json& decision : member(explanation, "decisions")) {
        out += "\n" + time_of(decision, "at") + "  " + text_of(decision, "outcome") +
               "  (decision " + text_of(decision, "id") + ", journal " +
               text_of(decision, "journal_seq") + ")\n";
        for (const Json& sentence : member(decision, "sentences")) {
            out += "  " + one_line(sentence.get<std::string>()) + "\n";
        }
    }
    return out;
}

}  // namespace

int show_status(Session& session) {
    return session.show(session.remote.get("/status"),
                        [](const Reply& reply) { return status_text(reply.json); });
}

int list_alerts(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/alerts", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "STATE", "SEVERITY", "SINCE", "SOURCE", "INCIDENT", "SUMMARY"}, 6);
        const Instant now = session.clock.now();
        for (const Json& alert : member(reply.json, "items")) {
            const std::string severity = text_of(alert, "severity");
            const bool firing = text_of(alert, "state") == "firing";
            table.add({text_of(alert, "id"),
                       {text_of(alert, "state"), firing ? Tone::warn : Tone::good},
                       {severity, firing ? tone_of_severity(severity) : Tone::plain},
                       age_of(alert, firing ? "started_at" : "resolved_at", now),
                       text_of(alert, "source"),
                       incident_of(alert),
                       text_of(alert, "summary")});
        }
        return session.finish_list(table, reply, "no alerts");
    });
}

int show_alert(Session& session, const std::string& id) {
    return session.show(session.remote.get("/alerts/" + encode_part(id)), [](const Reply& reply) {
        const Json& alert = reply.json;
        return render_fields({{"id", text_of(alert, "id")},
                              {"summary", text_of(alert, "summary")},
                              {"state", text_of(alert, "state")},
                              {"severity", text_of(alert, "severity")},
                              {"source", text_of(alert, "source")},
                              {"key", text_of(alert, "key")},
                              {"labels", pairs(member(alert, "labels"))},
                              {"asset", text_of(alert, "asset_id")},
                              {"incident", incident_of(alert)},
                              {"started", time_of(alert, "started_at")},
                              {"last seen", time_of(alert, "last_seen_at")},
                              {"resolved", time_of(alert, "resolved_at")},
                              {"episodes", text_of(alert, "episode_count")}});
    });
}

int list_assets(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/assets", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "NAME", "CLASS", "SYSTEM", "SEEN", "IDENTIFIED BY"}, 3);
        const Instant now = session.clock.now();
        for (const Json& asset : member(reply.json, "items")) {
            const Json& facts = member(asset, "facts");
            table.add({text_of(asset, "id"), text_of(asset, "name"), text_of(asset, "class"),
                       text_of(facts, "os_name") + " " + text_of(facts, "os_version"),
                       age_of(asset, "last_seen_at", now), text_of(asset, "identified_by")});
        }
        return session.finish_list(table, reply, "no assets");
    });
}

int show_asset(Session& session, const std::string& id) {
    return session.show(session.remote.get("/assets/" + encode_part(id)), [](const Reply& reply) {
        const Json& asset = reply.json;
        std::vector<std::pair<std::string, std::string>> fields{
            {"id", text_of(asset, "id")},
            {"name", text_of(asset, "name")},
            {"class", text_of(asset, "class")},
            {"lifecycle", text_of(asset, "lifecycle")},
            {"organisation", text_of(asset, "organisation_id")},
            {"site", text_of(asset, "site_id")},
            {"identified by", text_of(asset, "identified_by")},
            {"first seen", time_of(asset, "created_at")},
            {"last seen", time_of(asset, "last_seen_at")}};
        for (const auto& [name, value] : member(asset, "facts").items()) {
            fields.emplace_back(name, text_of(member(asset, "facts"), name.c_str()));
        }
        return render_fields(fields);
    });
}

int explain(Session& session, const std::string& id) {
    return session.show(session.remote.get("/explain/" + encode_part(id)),
                        [](const Reply& reply) { return explanation_text(reply.json); });
}

int list_deliveries(Session& session, const ListQuery& query) {
    const auto page = session.remote.list("/deliveries", query.filters, query.limit, query.all);
    return session.show(page, [&](const Reply& reply) {
        Table table({"ID", "STATE", "CONNECTOR", "INCIDENT", "OPERATION", "TRIES", "LAST ERROR"},
                    6);
        for (const Json& delivery : member(reply.json, "items")) {
            const std::string state = text_of(delivery, "state");
            const Tone tone = state == "dead"        ? Tone::bad
                              : state == "delivered" ? Tone::good
                                                     : Tone::plain;
            table.add({text_of(delivery, "id"),
                       {state, tone},
                       text_of(delivery, "connector"),
                       text_of(delivery, "incident"),
                       text_of(delivery, "operation"),
                       text_of(delivery, "attempts"),
                       text_of(delivery, "last_error")});
        }
        return session.finish_list(table, reply, "no deliveries");
    });
}

int show_delivery(Session& session, const std::string& id) {
    return session.show(
        session.remote.get("/deliveries/" + encode_part(id)), [](const Reply& reply) {
            const Json& delivery = reply.json;
            return render_fields({{"id", text_of(delivery, "id")},
                                  {"state", text_of(delivery, "state")},
                                  {"connector", text_of(delivery, "connector")},
                                  {"incident", text_of(delivery, "incident")},
                                  {"operation", text_of(delivery, "operation")},
                                  {"key", text_of(delivery, "idempotency_key")},
                                  {"attempts", text_of(delivery, "attempts")},
                                  {"created", time_of(delivery, "created_at")},
                                  {"next attempt", time_of(delivery, "next_attempt_at")},
                                  {"delivered", time_of(delivery, "delivered_at")},
                                  {"last error", text_of(delivery, "last_error")},
                                  {"remote id", text_of(delivery, "remote_id")},
                                  {"payload", member(delivery, "payload").dump()}});
        });
}

int retry_delivery(Session& session, const std::string& id) {
    const auto reply =
        session.remote.send("POST", "/deliveries/" + encode_part(id) + "/retry", Json::object());
    return session.show(reply, [](const Reply& done) {
        return "delivery " + text_of(done.json, "id") + " to " + text_of(done.json, "connector") +
               " is " + text_of(done.json, "state") + " again\n";
    });
}

int discard_delivery(Session& session, const std::string& id) {
    const auto reply =
        session.remote.send("POST", "/deliveries/" + encode_part(id) + "/discard", Json::object());
    return session.show(reply, [](const Reply& done) {
        return "delivery " + text_of(done.json, "id") + " to " + text_of(done.json, "connector") +
               " is " + text_of(done.json, "state") + "; what waited behind it goes on\n";
    });
}

}  // namespace gantry::cli
