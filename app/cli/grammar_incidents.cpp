#include <memory>

#include "app/cli/grammar.hpp"
#include "app/cli/incidents.hpp"

namespace gantry::cli {
namespace {

const std::vector<std::string> k_levels{"high", "medium", "low"};
const std::vector<std::string> k_states{"new",      "in_progress", "on_hold",
                                        "resolved", "closed",      "canceled"};
const std::vector<std::string> k_codes{"solved", "workaround", "recovered", "duplicate",
                                       "not_an_incident"};
const std::vector<std::string> k_hold{"caller", "vendor", "change", "problem", "evidence"};

// Values live as long as the parser's callbacks that share them.
struct Given {
    std::string number;
    std::string text;
    std::string notes;
    std::string code;
    std::string reason;
    std::string group;
    std::string impact;
    std::string urgency;
    std::string asset;
    std::string category;
    std::string organisation;
    bool is_public = false;
    IncidentQuery query;
};

void put(Json& body, const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
}

CLI::App* on_incident(CLI::App* parent, const char* name, const char* help, Given& given) {
    CLI::App* command = parent->add_subcommand(name, help);
    command->add_option("NUMBER", given.number, "INC0000001 or 1")->required();
    return command;
}

void add_list(CLI::App* incidents, Choice& choice, const std::shared_ptr<Given>& given) {
    const auto choose = [&choice, given] {
        choice.command = [given](Session& session) {
            return list_incidents(session, given->query);
        };
    };
    const auto options = [&given](CLI::App* app) {
        IncidentQuery& query = given->query;
        app->add_flag("--open", query.open, "only new, in_progress and on_hold");
        app->add_option("--state", query.state)->check(CLI::IsMember(k_states));
        app->add_option("--priority", query.priority)->check(CLI::Range(1, 5));
        app->add_option("--asset", query.asset, "id of an asset");
        app->add_option("--limit", query.limit, "how many, newest first")
            ->check(CLI::Range(1, 500))
            ->capture_default_str();
        app->add_flag("--all", query.all, "every page");
    };
    options(incidents);
    CLI::App* list = incidents->add_subcommand("list", "newest first; `gantry incidents` is short");
    options(list);
    list->callback(choose);
    incidents->callback([incidents, choose] {
        if (incidents->get_subcommands().empty()) choose();
    });
}

void add_work(CLI::App* incidents, Choice& choice, const std::shared_ptr<Given>& given) {
    on_incident(incidents, "show", "fields and timeline", *given)->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return show_incident(session, given->number);
        };
    });
    CLI::App* note = on_incident(incidents, "note", "add a work note", *given);
    note->add_option("TEXT", given->text)->required();
    note->add_flag("--public", given->is_public, "the requester may read it");
    note->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return add_note(session, given->number, given->text, given->is_public);
        };
    });
    CLI::App* create = incidents->add_subcommand("create", "open an incident by hand");
    create->add_option("TITLE", given->text)->required();
    create->add_option("--description", given->notes);
    create->add_option("--asset", given->asset, "id of an asset")->check(CLI::PositiveNumber);
    create->add_option("--impact", given->impact)->check(CLI::IsMember(k_levels));
    create->add_option("--urgency", given->urgency)->check(CLI::IsMember(k_levels));
    create->add_option("--category", given->category);
    create->add_option("--group", given->group);
    create->add_option("--organisation", given->organisation);
    create->callback([&choice, given] {
        Json body{{"title", given->text}};
        put(body, "description", given->notes);
        if (!given->asset.empty()) body["asset"] = Json::parse(given->asset, nullptr, false);
        put(body, "impact", given->impact);
        put(body, "urgency", given->urgency);
        put(body, "category", given->category);
        put(body, "assignment_group", given->group);
        put(body, "organisation", given->organisation);
        choice.command = [body](Session& session) { return create_incident(session, body); };
    });
}

// A command that is one PATCH; `change` is made when the options were read.
void on_change(CLI::App* command, Choice& choice, const std::shared_ptr<Given>& given,
               Json (*change)(const Given&)) {
    command->callback([&choice, given, change] {
        choice.command = [number = given->number, body = change(*given)](Session& session) {
            return change_incident(session, number, body);
        };
    });
}

Json to_state(const char* state, const Given& given) {
    Json body{{"state", state}};
    put(body, "hold_reason", given.reason);
    put(body, "close_code", given.code);
    put(body, "notes", given.notes);
    return body;
}

void add_states(CLI::App* incidents, Choice& choice, const std::shared_ptr<Given>& given) {
    CLI::App* start = on_incident(incidents, "start", "work on it: in_progress", *given);
    on_change(start, choice, given, [](const Given& g) { return to_state("in_progress", g); });

    CLI::App* resolve = on_incident(incidents, "resolve", "it works again", *given);
    resolve->add_option("--code", given->code)->required()->check(CLI::IsMember(k_codes));
    on_change(resolve, choice, given, [](const Given& g) { return to_state("resolved", g); });

    CLI::App* close = on_incident(incidents, "close", "for good, after resolved", *given);
    close->add_option("--code", given->code)->check(CLI::IsMember(k_codes));
    on_change(close, choice, given, [](const Given& g) { return to_state("closed", g); });

    CLI::App* cancel = on_incident(incidents, "cancel", "it is none", *given);
    cancel->add_option("--code", given->code, "duplicate or not_an_incident")
        ->required()
        ->check(CLI::IsMember({"duplicate", "not_an_incident"}));
    on_change(cancel, choice, given, [](const Given& g) { return to_state("canceled", g); });

    CLI::App* reopen = on_incident(incidents, "reopen", "it was not solved", *given);
    on_change(reopen, choice, given, [](const Given& g) { return to_state("in_progress", g); });

    CLI::App* hold = on_incident(incidents, "hold", "it waits for somebody", *given);
    hold->add_option("--reason", given->reason)->required()->check(CLI::IsMember(k_hold));
    on_change(hold, choice, given, [](const Given& g) { return to_state("on_hold", g); });

    for (CLI::App* command : {start, resolve, close, cancel, reopen, hold}) {
        command->add_option("--notes", given->notes, "why, for the timeline");
    }
}

void add_assignment(CLI::App* incidents, Choice& choice, const std::shared_ptr<Given>& given) {
    CLI::App* assign = on_incident(incidents, "assign", "to a person, a group, or nobody", *given);
    assign->add_option("WHO", given->text, "a name; \"\" = nobody");
    assign->add_option("--group", given->group);
    assign->callback([&choice, given, assign] {
        Json body = Json::object();
        if (assign->count("WHO") > 0) body["assignee"] = given->text;
        if (assign->count("--group") > 0) body["assignment_group"] = given->group;
        if (body.empty()) throw CLI::ValidationError("assign", "needs WHO or --group");
        choice.command = [number = given->number, body](Session& session) {
            return change_incident(session, number, body);
        };
    });
    CLI::App* priority = on_incident(incidents, "priority", "change impact and urgency", *given);
    priority->add_option("--impact", given->impact)->check(CLI::IsMember(k_levels));
    priority->add_option("--urgency", given->urgency)->check(CLI::IsMember(k_levels));
    priority->add_option("--reason", given->reason, "why, for the timeline")->required();
    on_change(priority, choice, given, [](const Given& g) {
        if (g.impact.empty() && g.urgency.empty()) {
            throw CLI::ValidationError("priority", "needs --impact or --urgency");
        }
        Json body{{"reason", g.reason}};
        put(body, "impact", g.impact);
        put(body, "urgency", g.urgency);
        return body;
    });
}

}  // namespace

void add_incident_commands(CLI::App& app, Choice& choice) {
    const auto given = std::make_shared<Given>();
    CLI::App* incidents = app.add_subcommand("incidents", "tickets: list them, work on them");
    incidents->require_subcommand(0, 1);
    add_list(incidents, choice, given);
    add_work(incidents, choice, given);
    add_states(incidents, choice, given);
    add_assignment(incidents, choice, given);
}

}  // namespace gantry::cli
