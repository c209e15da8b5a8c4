#include <memory>

#include "app/cli/grammar.hpp"
#include "app/cli/reports.hpp"

namespace gantry::cli {
namespace {

using Lister = int (*)(Session&, const ListQuery&);
using Shower = int (*)(Session&, const std::string&);

struct Filter {
    std::string option;     // "--state"
    std::string parameter;  // "state"
    std::string help;
};

// `gantry <name>` and `gantry <name> list`, with filters; returns <name> for further commands.
CLI::App* add_list(CLI::App& app, Choice& choice, const char* name, const char* help,
                   const std::vector<Filter>& filters, Lister lister) {
    struct Given {
        std::vector<std::string> values;
        ListQuery query;
    };
    const auto given = std::make_shared<Given>();
    given->values.resize(filters.size());
    CLI::App* noun = app.add_subcommand(name, help);
    noun->require_subcommand(0, 1);
    CLI::App* list = noun->add_subcommand("list", "the same as without");
    for (CLI::App* target : {noun, list}) {
        for (std::size_t i = 0; i < filters.size(); ++i) {
            target->add_option(filters[i].option, given->values[i], filters[i].help);
        }
        target->add_option("--limit", given->query.limit, "how many")
            ->check(CLI::Range(1, 500))
            ->capture_default_str();
        target->add_flag("--all", given->query.all, "every page");
    }
    const auto choose = [&choice, given, filters, lister] {
        for (std::size_t i = 0; i < filters.size(); ++i) {
            given->query.filters.emplace_back(filters[i].parameter, given->values[i]);
        }
        choice.command = [query = given->query, lister](Session& session) {
            return lister(session, query);
        };
    };
    list->callback(choose);
    noun->callback([noun, choose] {
        if (noun->get_subcommands().empty()) choose();
    });
    return noun;
}

void add_by_id(CLI::App* noun, Choice& choice, const char* verb, const char* help, Shower shower) {
    const auto id = std::make_shared<std::string>();
    CLI::App* command = noun->add_subcommand(verb, help);
    command->add_option("ID", *id)->required();
    command->callback([&choice, id, shower] {
        choice.command = [id = *id, shower](Session& session) { return shower(session, id); };
    });
}

}  // namespace

void add_report_commands(CLI::App& app, Choice& choice) {
    app.add_subcommand("status", "the server at a glance")->callback([&choice] {
        choice.command = show_status;
    });
    CLI::App* alerts = add_list(app, choice, "alerts", "what monitors say, deduplicated",
                                {{"--state", "state", "firing or resolved"},
                                 {"--asset", "asset", "id of an asset"},
                                 {"--incident", "incident", "INC0000001"},
                                 {"--key", "key", "the source's key, exact"}},
                                list_alerts);
    add_by_id(alerts, choice, "show", "one alert", show_alert);

    CLI::App* assets = add_list(app, choice, "assets", "configuration items",
                                {{"--name", "name", "part of a name"}}, list_assets);
    add_by_id(assets, choice, "show", "one asset with its facts", show_asset);

    CLI::App* deliveries =
        add_list(app, choice, "deliveries", "what goes to external tools",
                 {{"--state", "state", "pending, in_flight, delivered, dead or discarded"},
                  {"--connector", "connector", "its name in gantry.yaml"},
                  {"--incident", "incident", "INC0000001"}},
                 list_deliveries);
    add_by_id(deliveries, choice, "show", "one delivery with its payload", show_delivery);
    add_by_id(deliveries, choice, "retry", "give a dead delivery another chance", retry_delivery);
    add_by_id(deliveries, choice, "discard", "give a dead delivery up for good", discard_delivery);

    add_by_id(&app, choice, "explain", "why: INC0000001, or an alert's id", explain);
}

}  // namespace gantry::cli
