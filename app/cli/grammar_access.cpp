#include <memory>

#include "app/cli/access.hpp"
#include "app/cli/grammar.hpp"

namespace gantry::cli {
namespace {

constexpr const char* k_password_help =
    "its first line is the password; /dev/stdin to type or pipe it";

void add_paging(CLI::App* command, ListQuery& query) {
    command->add_option("--limit", query.limit, "how many")
        ->check(CLI::Range(1, 500))
        ->capture_default_str();
    command->add_flag("--all", query.all, "every page");
}

void add_agents(CLI::App& app, Choice& choice) {
    struct Given {
        std::string asset;
        std::string id;
        ListQuery query;
    };
    const auto given = std::make_shared<Given>();
    CLI::App* agents = app.add_subcommand("agents", "the agents that were enrolled");
    agents->require_subcommand(0, 1);
    CLI::App* list = agents->add_subcommand("list", "the same as without");
    for (CLI::App* target : {agents, list}) {
        target->add_option("--asset", given->asset, "id of an asset");
        add_paging(target, given->query);
    }
    const auto choose = [&choice, given] {
        ListQuery query = given->query;
        query.filters.emplace_back("asset", given->asset);
        choice.command = [query](Session& session) { return list_agents(session, query); };
    };
    list->callback(choose);
    agents->callback([agents, choose] {
        if (agents->get_subcommands().empty()) choose();
    });
    CLI::App* revoke = agents->add_subcommand("revoke", "its credential, at once and for good");
    revoke->add_option("ID", given->id)->required();
    revoke->callback([&choice, given] {
        choice.command = [id = given->id](Session& session) { return revoke_agent(session, id); };
    });
    CLI::App* approve = agents->add_subcommand("approve", "one whose token asked for approval");
    approve->add_option("ID", given->id)->required();
    approve->callback([&choice, given] {
        choice.command = [id = given->id](Session& session) { return approve_agent(session, id); };
    });
}

struct UserGiven {
    std::string id;
    std::string name;
    std::string role;
    std::string organisation;
    std::string password_file;
    bool all_organisations = false;
    ListQuery query;
};

void add_user_create(CLI::App* users, Choice& choice, const std::shared_ptr<UserGiven>& given) {
    CLI::App* create =
        users->add_subcommand("create", "a person who signs in by name and password");
    create->add_option("NAME", given->name)->required();
    create->add_option("--role", given->role, "viewer, technician or admin")->required();
    create->add_option("--organisation", given->organisation, "default: the caller's own");
    create->add_flag("--all-organisations", given->all_organisations);
    create->add_option("--password-file", given->password_file, k_password_help)->required();
    create->callback([&choice, given] {
        choice.command = [given](Session& session) {
            Json wanted{{"name", given->name}, {"role", given->role}};
            if (!given->organisation.empty()) wanted["organisation"] = given->organisation;
            if (given->all_organisations) wanted["all_organisations"] = true;
            return create_user(session, wanted, given->password_file);
        };
    });
}

void add_user_changes(CLI::App* users, Choice& choice, const std::shared_ptr<UserGiven>& given) {
    const auto verb = [&](const char* name, const char* help) {
        CLI::App* command = users->add_subcommand(name, help);
        command->add_option("ID", given->id)->required();
        return command;
    };
    verb("disable", "out at once, with all sessions")->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return change_user(session, given->id, Json{{"disabled", true}}, "is disabled");
        };
    });
    verb("enable", "may sign in again")->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return change_user(session, given->id, Json{{"disabled", false}}, "is enabled");
        };
    });
    CLI::App* role = verb("role", "another role");
    role->add_option("ROLE", given->role, "viewer, technician or admin")->required();
    role->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return change_user(session, given->id, Json{{"role", given->role}},
                               "is " + given->role + " now");
        };
    });
    CLI::App* password = verb("password", "a new password");
    password->add_option("--password-file", given->password_file, k_password_help)->required();
    password->callback([&choice, given] {
        choice.command = [given](Session& session) {
            return set_password(session, given->id, given->password_file);
        };
    });
}

void add_users(CLI::App& app, Choice& choice) {
    const auto given = std::make_shared<UserGiven>();
    CLI::App* users = app.add_subcommand("users", "the people who sign in");
    users->require_subcommand(0, 1);
    CLI::App* list = users->add_subcommand("list", "the same as without");
    for (CLI::App* target : {users, list}) add_paging(target, given->query);
    const auto choose = [&choice, given] {
        choice.command = [query = given->query](Session& session) {
            return list_users(session, query);
        };
    };
    list->callback(choose);
    users->callback([users, choose] {
        if (users->get_subcommands().empty()) choose();
    });
    add_user_create(users, choice, given);
    add_user_changes(users, choice, given);
}

}  // namespace

void add_access_commands(CLI::App& app, Choice& choice) {
    add_agents(app, choice);
    add_users(app, choice);
}

}  // namespace gantry::cli
