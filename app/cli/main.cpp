// gantry: the operator's command line.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "app/cli/program.hpp"

namespace {

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

std::size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const gantry::SystemClock clock;
    const auto make_client = [](const gantry::http::ClientOptions& options) {
        return gantry::http::make_client(options);
    };
    gantry::cli::World world{environment,     make_client, clock,
                             std::cout,       std::cerr,   ::isatty(STDOUT_FILENO) == 1,
                             terminal_width()};
    return gantry::cli::run({argv + 1, argv + argc}, world);
}
