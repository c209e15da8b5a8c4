// Grammar: the words of the command line. Each builder adds its commands to the parser; a parsed
// command puts what is to be run into Choice. Private to app/cli.
#pragma once

#include <CLI/CLI.hpp>

#include "app/cli/session.hpp"

namespace gantry::cli {

struct Choice {
    Command command;
    bool needs_server = true;
};

void add_incident_commands(CLI::App& app, Choice& choice);
void add_report_commands(CLI::App& app, Choice& choice);
void add_access_commands(CLI::App& app, Choice& choice);
void add_administration_commands(CLI::App& app, Choice& choice);

}  // namespace gantry::cli
