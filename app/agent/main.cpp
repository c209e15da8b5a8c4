// gantry-agent: the program on every endpoint.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "app/agent/commands.hpp"

using namespace gantry;

namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App options{"gantry-agent: watches this machine and tells gantryd", "gantry-agent"};
    std::string state, config, token;
    app::EnrolOptions enrol;
    bool once = false, check_json = false, status_json = false;
    options.add_option("--state", state, "state directory, default /var/lib/gantry-agent");
    options.add_option("--config", config, "settings (default: none needed)");
    options.set_version_flag("--version", GANTRY_VERSION);
    options.require_subcommand(1);
    auto* run = options.add_subcommand("run", "watch and report, until SIGTERM");
    auto* enrolment = options.add_subcommand("enrol", "make this machine known to a gantryd");
    enrolment->add_option("--server", enrol.server, "https://HOST:PORT");
    enrolment->add_option("--ca", enrol.ca_file, "authority of the server's certificate, PEM");
    enrolment->add_option("--token", token, "enrolment token")->required();
    enrolment->add_flag("--force", enrol.force, "even if it is enrolled already");
    enrolment->add_flag("--keep-token", enrol.keep_token, "for images: copies enrol themselves");
    auto* check = options.add_subcommand("check", "look at everything that the policy checks");
    check->add_flag("--once", once, "once, now, and print")->required();
    check->add_flag("--json", check_json, "for scripts");
    auto* status = options.add_subcommand("status", "what the agent of this machine is up to");
    status->add_flag("--json", status_json, "for scripts");
    CLI11_PARSE(options, argc, argv);

    app::AgentSettings settings;
    if (!config.empty()) {
        auto loaded = app::load_agent_settings(config, environment);
        if (!loaded) {
            std::cerr << "gantry-agent: " << loaded.error().message << "\n";
            return 2;
        }
        settings = std::move(*loaded);
    }
    if (!state.empty()) settings.state_directory = state;
    enrol.token = Redacted<std::string>(token);
    if (run->parsed()) return app::run_agent(settings);
    if (enrolment->parsed()) return app::enrol_agent(settings, enrol);
    if (check->parsed()) return app::check_once(settings, check_json);
    return status->parsed() ? app::agent_status(settings, status_json) : 2;
}
