#include <memory>

#include "app/cli/administration.hpp"
#include "app/cli/check_config.hpp"
#include "app/cli/grammar.hpp"

namespace gantry::cli {
namespace {

struct TokenGiven {
    bool api = false;
    std::string organisation;
    std::string site;
    std::string role;
    std::string label;
    std::int64_t expires_in_s = -1;
    std::int64_t max_uses = 0;
    bool needs_approval = false;
    bool all_organisations = false;
    std::string id;
    ListQuery list;
};

Json token_wanted(const TokenGiven& given) {
    Json body{{"kind", given.api ? "api" : "enrolment"}};
    const auto put = [&body](const char* key, const std::string& value) {
        if (!value.empty()) body[key] = value;
    };
    put("organisation", given.organisation);
    put("site", given.site);
    put("role", given.role);
    put("label", given.label);
    if (given.expires_in_s >= 0) body["expires_in_s"] = given.expires_in_s;
    if (given.max_uses > 0) body["max_uses"] = given.max_uses;
    if (given.needs_approval) body["needs_approval"] = true;
    if (given.all_organisations) body["all_organisations"] = true;
    return body;
}

void add_tokens(CLI::App& app, Choice& choice) {
    const auto given = std::make_shared<TokenGiven>();
    CLI::App* tokens = app.add_subcommand("tokens", "who may come in");
    tokens->require_subcommand(1);
    CLI::App* create = tokens->add_subcommand("create", "an enrolment token, or --api");
    create->add_flag("--api", given->api,
                     "for a person or script: --role viewer, technician, "
                     "admin or intake");
    create->add_option("--organisation", given->organisation, "default: the caller's own");
    create->add_option("--site", given->site, "of the endpoints; default: \"default\"");
    create->add_option("--role", given->role, "of the endpoints (server), or of the caller");
    create->add_option("--label", given->label, "what it is for; the name in timelines");
    create->add_option("--expires-in", given->expires_in_s, "seconds; 0 = never")
        ->check(CLI::NonNegativeNumber);
    create->add_option("--max-uses", given->max_uses, "endpoints; default: any number")
        ->check(CLI::NonNegativeNumber);
    create->add_flag("--needs-approval", given->needs_approval);
    create->add_flag("--all-organisations", given->all_organisations, "api only");
    create->callback([&choice, given] {
        if (given->api && given->role.empty()) throw CLI::RequiredError("--role");
        choice.command = [body = token_wanted(*given)](Session& session) {
            return create_token(session, body);
        };
    });
    CLI::App* list = tokens->add_subcommand("list", "without their secrets");
    list->add_option("--limit", given->list.limit)->check(CLI::Range(1, 500));
    list->add_flag("--all", given->list.all, "every page");
    list->callback([&choice, given] {
        choice.command = [query = given->list](Session& session) {
            return list_tokens(session, query);
        };
    });
    CLI::App* revoke = tokens->add_subcommand("revoke", "at once and for good");
    revoke->add_option("ID", given->id)->required();
    revoke->callback([&choice, given] {
        choice.command = [id = given->id](Session& session) { return revoke_token(session, id); };
    });
}

void add_policies(CLI::App& app, Choice& choice) {
    struct Given {
        std::string name;
        std::string file;
        std::string organisation;
    };
    const auto given = std::make_shared<Given>();
    CLI::App* policies = app.add_subcommand("policies", "what agents check, in layers");
    policies->require_subcommand(0, 1);
    const auto choose_list = [&choice] { choice.command = list_policies; };
    policies->add_subcommand("list", "the layers that were written")->callback(choose_list);
    policies->callback([policies, choose_list] {
        if (policies->get_subcommands().empty()) choose_list();
    });
    CLI::App* show = policies->add_subcommand("show", "one layer's document");
    show->add_option("NAME", given->name, "default, role:server, organisation:3 …")->required();
    show->add_option("--organisation", given->organisation, "whose layer; default: for all");
    show->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return show_policy(session, given->name, given->organisation);
        };
    });
    CLI::App* put = policies->add_subcommand("put", "write a layer from a file");
    put->add_option("FILE", given->file, "YAML or JSON")->required()->check(CLI::ExistingFile);
    put->add_option("--name", given->name, "which layer; default: the name in the file");
    put->add_option("--organisation", given->organisation, "whose layer; default: for all");
    put->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return put_policy(session, given->file, given->name, given->organisation);
        };
    });
}

void add_check_config(CLI::App& app, Choice& choice) {
    struct Given {
        std::string file;
        std::string kind;
    };
    const auto given = std::make_shared<Given>();
    CLI::App* check = app.add_subcommand("check-config", "is this file good? Needs no server");
    check->add_option("FILE", given->file)->required();
    check->add_option("--kind", given->kind, "default: by the file's keys")
        ->check(CLI::IsMember({"gantry", "agent", "policy", "rules"}));
    check->callback([&choice, given] {
        choice.needs_server = false;
        choice.command = [given](Session& session) {
            return check_config(session, given->file, given->kind);
        };
    });
}

}  // namespace

void add_administration_commands(CLI::App& app, Choice& choice) {
    add_tokens(app, choice);
    add_policies(app, choice);
    add_check_config(app, choice);
}

}  // namespace gantry::cli
