// Program: the command line of `gantry`, parsed and run. Everything it touches is given, so that
// tests run it whole.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/http/client.hpp"
#include "core/settings/reader.hpp"
#include "core/time/clock.hpp"

namespace gantry::cli {

struct World {
    settings::Environment environment;
    std::function<std::unique_ptr<http::Client>(const http::ClientOptions&)> make_client;
    const Clock& clock;
    std::ostream& out;
    std::ostream& err;
    bool terminal = false;  // `out` is one: colours, and tables as wide as it
    std::size_t width = 0;
};

// `words`: the command line without the program's name. Returns the exit code (docs/cli.md).
int run(const std::vector<std::string>& words, World& world);

}  // namespace gantry::cli
