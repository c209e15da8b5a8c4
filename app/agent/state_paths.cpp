#include <sys/auxv.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "app/agent/commands.hpp"

namespace gantry::app {

StatePaths::StatePaths(const AgentSettings& settings)
    : directory(settings.state_directory),
      identity(directory + "/identity.json"),
      policy(directory + "/policy.json"),
      status(directory + "/status.json"),
      ca(directory + "/ca.pem") {}

Result<void> make_state_directory(const StatePaths& paths) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = paths.directory.find('/', end + 1);
        const std::string part = paths.directory.substr(0, end);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
            return fail(ErrorCode::unavailable, part + ": " + std::strerror(errno));
        }
    }
    struct stat status {};
    if (::stat(paths.directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return fail(ErrorCode::unavailable, paths.directory + ": is not a directory");
    }
    return {};
}

// The kernel hands every process 16 random bytes; enough for jitter and a spool's name, and it
// costs neither a system call nor a library.
std::uint64_t process_entropy() {
    std::uint64_t out = 0;
    const auto* bytes = reinterpret_cast<const void*>(::getauxval(AT_RANDOM));
    if (bytes != nullptr) std::memcpy(&out, bytes, sizeof out);
    return out;
}

}  // namespace gantry::app
