// Running one external command with every bound that a stranger's program needs (Boost.Process v2
// inside): a deadline, its own process group that is ended with all children (TERM, a grace, KILL),
// capped output that is drained so that the child never blocks on a full pipe, /dev/null as input,
// a minimal environment, no inherited descriptors. Exit codes and signals are told apart.
//
// Threading: runs on the awaiting coroutine's executor and never blocks it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::process {

struct Command {
    std::vector<std::string> argv;  // argv[0] is an absolute path; no shell, no search path
    std::vector<std::pair<std::string, std::string>> environment;  // besides PATH, LC_ALL and HOME
    Millis timeout{10'000};
    Millis kill_grace{2'000};                  // between TERM and KILL
    std::size_t max_output_bytes = 64 * 1024;  // of each stream; the rest is drained and counted
};

struct Outcome {
    enum class End { exited, signalled, timed_out };
    End end = End::exited;
    int exit_code = 0;  // exited
    int signal = 0;     // signalled
    std::string out;
    std::string err;
    std::size_t cut_bytes = 0;  // of both streams, beyond the cap
};

// The process groups of the commands that run now: whoever leaves without waiting for them ends
// them first. Not for several threads.
class Groups {
public:
    void signal(int number) const;
    [[nodiscard]] std::size_t size() const { return ids_.size(); }

    void add(int id) { ids_.push_back(id); }
    void remove(int id) { std::erase(ids_, id); }

private:
    std::vector<int> ids_;
};

// While it runs, its group is in `groups`, if given; a coroutine that is destroyed meanwhile ends
// it. Errors: invalid_input (no absolute path), not_found (no such program), forbidden (not
// executable), unavailable (no process or descriptor left).
boost::asio::awaitable<Result<Outcome>> run_command(Command command,
                                                    std::shared_ptr<Groups> groups = nullptr);

}  // namespace gantry::process
