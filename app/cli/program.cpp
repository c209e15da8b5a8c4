#include "app/cli/program.hpp"

#include <algorithm>

#include "app/cli/grammar.hpp"

namespace gantry::cli {
namespace {

constexpr const char* k_footer =
    "The server and the credential come from GANTRY_URL, GANTRY_CA and GANTRY_TOKEN, or from the "
    "options.\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 server not reached, 4 not "
    "authorised, 5 not found.";

struct Options {
    std::string url;
    std::string ca;
    std::string token;
    bool json = false;
    bool no_headers = false;
};

void add_options(CLI::App& app, Options& options) {
    app.add_option("--url", options.url, "https://host:port of gantryd (GANTRY_URL)");
    app.add_option("--ca", options.ca, "PEM file that signed its certificate (GANTRY_CA)");
    app.add_option("--token", options.token,
                   "credential; better in GANTRY_TOKEN, where ps is blind");
    app.add_flag("--json", options.json, "the API's JSON, for scripts");
    app.add_flag("--no-headers", options.no_headers, "tables without their first line");
    app.set_version_flag("--version", GANTRY_VERSION);
    app.footer(k_footer);
    app.require_subcommand(1);
    app.fallthrough();
}

std::string or_variable(const std::string& option, const World& world, const char* name) {
    if (!option.empty()) return option;
    return world.environment(name).value_or("");
}

int refuse_usage(World& world, const std::string& message) {
    world.err << "gantry: " << message << "\n";
    return k_usage;
}

int run_command(const Choice& choice, const Options& options, World& world) {
    const std::string url = or_variable(options.url, world, "GANTRY_URL");
    const std::string token = or_variable(options.token, world, "GANTRY_TOKEN");
    if (choice.needs_server && url.empty()) {
        return refuse_usage(world, "which server? Set GANTRY_URL or give --url");
    }
    if (choice.needs_server && token.empty()) {
        return refuse_usage(world, "with which credential? Set GANTRY_TOKEN or give --token");
    }
    http::ClientOptions client_options;
    client_options.ca_file = or_variable(options.ca, world, "GANTRY_CA");
    client_options.max_response_bytes = 64 << 20;
    client_options.user_agent = "gantry/" GANTRY_VERSION;
    const auto client = world.make_client(client_options);
    Remote remote(*client, url, Redacted<std::string>(token));
    const bool colours = world.terminal && !world.environment("NO_COLOR");
    Session session{remote,
                    world.clock,
                    world.environment,
                    world.out,
                    world.err,
                    options.json,
                    TableStyle{!options.no_headers, colours, world.terminal ? world.width : 0}};
    return choice.command(session);
}

}  // namespace

int run(const std::vector<std::string>& words, World& world) {
    CLI::App app{"gantry: incidents, alerts and assets of a gantryd", "gantry"};
    Options options;
    Choice choice;
    add_options(app, options);
    add_incident_commands(app, choice);
    add_report_commands(app, choice);
    add_access_commands(app, choice);
    add_administration_commands(app, choice);
    try {
        // CLI11 takes them from the back.
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
        return run_command(choice, options, world);
    } catch (const CLI::Success& asked) {
        return app.exit(asked, world.out, world.err);
    } catch (const CLI::ParseError& error) {
        app.exit(error, world.out, world.err);
        return k_usage;
    } catch (const Json::exception& error) {
        world.err << "gantry: the answer is not of this version's shape: " << error.what() << "\n";
        return k_failed;
    }
}

}  // namespace gantry::cli
