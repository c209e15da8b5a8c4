// A child of the benchmark, ended in the destructor by its pid.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace gantry::bench {

class ChildProcess {
public:
    // Output goes to `log`. Throws std::runtime_error when it cannot be started.
    ChildProcess(const std::vector<std::string>& argv, const std::string& log);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
};

// A port of loopback that nobody listens on just now.
[[nodiscard]] int free_port();

// Runs to the end; gives standard output. Throws when the exit status is not 0.
std::string run_to_end(const std::string& command);

}  // namespace gantry::bench
