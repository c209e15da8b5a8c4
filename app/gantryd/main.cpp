// gantryd: the server. Options are few on purpose: everything else is in gantry.yaml.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "app/gantryd/program.hpp"

using namespace gantry;

namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

int refuse(const std::string& message) {
    std::cerr << "gantryd: " << message << "\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App options{"gantryd: from device health to one good ticket", "gantryd"};
    std::string config, data, listen;
    options.add_option("--config", config, "settings (default: none needed)");
    options.add_option("--data", data, "directory of everything that gantryd writes");
    options.add_option("--listen", listen, "ADDRESS:PORT, default 127.0.0.1:8443");
    bool accept_lost_journal = false;
    options.add_flag("--accept-lost-journal", accept_lost_journal,
                     "start although the journal ends before the store does: what it held and was "
                     "not processed is lost");
    options.set_version_flag("--version", GANTRY_VERSION);
    CLI11_PARSE(options, argc, argv);

    app::Settings settings;
    if (!config.empty()) {
        auto loaded = app::load_settings(config, environment);
        if (!loaded) return refuse(loaded.error().message);
        settings = std::move(*loaded);
    }
    settings.accept_lost_journal = accept_lost_journal;
    if (!data.empty()) settings.data_directory = data;
    if (!listen.empty()) {
        const auto address = app::parse_listen(listen);
        if (!address) return refuse(address.error().message);
        settings.server.http.address = address->address;
        settings.server.http.port = address->port;
    }
    const telemetry::Log log("gantryd", settings.log_level);
    const auto ended = app::run_gantryd(std::move(settings), log);
    if (ended) return 0;
    log.error("gantryd_failed", {{"error", ended.error().message}});
    return 1;
}
