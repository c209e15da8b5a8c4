#include "core/process/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
// Process v2 of Boost 1.81 needs these two and does not include them.
#include <boost/optional.hpp>
#include <boost/type_traits.hpp>

#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

namespace gantry::process {
namespace {

namespace asio = boost::asio;
namespace proc = boost::process::v2;
using boost::system::error_code;

constexpr Millis k_drain{250};   // for output of the dead program still in the pipe
constexpr Millis k_reap{5'000};  // after KILL: longer only in uninterruptible sleep

// Puts the child into its own process group, from both sides: whoever comes first, a kill of the
// group never misses it.
struct OwnGroup {
    template <class Launcher, class Path>
    error_code on_exec_setup(Launcher&, const Path&, const char* const*) {
        ::setpgid(0, 0);
        ::signal(SIGPIPE, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        return {};
    }
    template <class Launcher, class Path>
    void on_success(Launcher& launcher, const Path&, const char* const*) {
        ::setpgid(launcher.pid, launcher.pid);
    }
    // Not exit(): the parent's exit handlers are not the child's to run. Variadic, because Boost
    // 1.81 looks for another signature than it calls.
    template <class... Arguments>
    void on_exec_error(Arguments&&...) {
        ::_exit(127);
    }
};

// What the callbacks share. Lives until the last of them has run.
struct Run {
    explicit Run(const asio::any_io_executor& executor)
        : out(executor), err(executor), signal(executor), child(executor) {}

    asio::readable_pipe out;
    asio::readable_pipe err;
    asio::steady_timer signal;  // cancelled when something happened
    proc::process child;
    std::array<char, 4096> out_buffer{};
    std::array<char, 4096> err_buffer{};
    std::string out_text;
    std::string err_text;
    std::size_t cap = 0;
    std::size_t cut_bytes = 0;
    int open_pipes = 2;
    bool exited = false;
};

void keep(std::string& text, const char* data, std::size_t size, Run& run) {
    const std::size_t room = run.cap - std::min(run.cap, text.size());
    text.append(data, std::min(room, size));
    run.cut_bytes += size - std::min(room, size);
}

void pump(const std::shared_ptr<Run>& run, asio::readable_pipe& pipe,
          std::array<char, 4096>& buffer, std::string& text) {
    pipe.async_read_some(asio::buffer(buffer),
                         [run, &pipe, &buffer, &text](error_code code, std::size_t size) {
                             keep(text, buffer.data(), size, *run);
                             if (!code) {
                                 pump(run, pipe, buffer, text);
                                 return;
                             }
                             --run->open_pipes;
                             run->signal.cancel();
                         });
}

// Waits until `done` or the time is over; true when done. A cancelled timer keeps its expiry.
template <class Done>
asio::awaitable<bool> wait_for(std::shared_ptr<Run> run, Millis time, Done done) {
    run->signal.expires_after(time);
    while (!done()) {
        error_code code;
        co_await run->signal.async_wait(asio::redirect_error(asio::use_awaitable, code));
        if (code != asio::error::operation_aborted) co_return done();
    }
    co_return true;
}

Result<void> check(const Command& command) {
    if (command.argv.empty() || command.argv[0].empty() || command.argv[0][0] != '/') {
        return fail(ErrorCode::invalid_input,
                    "command \"" + (command.argv.empty() ? std::string() : command.argv[0]) +
                        "\": the program must be an absolute path");
    }
    if (::access(command.argv[0].c_str(), X_OK) == 0) return {};
    const int code = errno;
    return fail(code == ENOENT || code == ENOTDIR ? ErrorCode::not_found : ErrorCode::forbidden,
                command.argv[0] + ": " + std::strerror(code));
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> out{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"};
    for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
    return out;
}

Result<void> launch(Run& run, const Command& command) {
    const std::vector<std::string> arguments(command.argv.begin() + 1, command.argv.end());
    const std::vector<std::string> environment = environment_of(command);
    proc::process_environment env(environment);
    proc::posix::default_launcher launcher;
    error_code code;
    {
        proc::process_stdio stdio{nullptr, run.out, run.err};
        if (!run.out.is_open() || !run.err.is_open()) {
            return fail(ErrorCode::unavailable, command.argv[0] + ": no descriptors left");
        }
        run.child = launcher(run.child.get_executor(), code, command.argv[0], arguments, stdio, env,
                             OwnGroup{});
    }
    if (code) return fail(ErrorCode::unavailable, command.argv[0] + ": " + code.message());
    return {};
}

void end_group(const Run& run, int signal) {
    if (run.child.id() > 1) ::kill(-run.child.id(), signal);
}

// In the coroutine's frame, so that no way out of it leaves the command running.
class Listed {
public:
    Listed(std::shared_ptr<Run> run, std::shared_ptr<Groups> groups)
        : run_(std::move(run)), groups_(std::move(groups)) {
        if (groups_) groups_->add(run_->child.id());
    }
    ~Listed() {
        if (groups_) groups_->remove(run_->child.id());
        if (!run_->exited) end_group(*run_, SIGKILL);
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;

private:
    std::shared_ptr<Run> run_;
    std::shared_ptr<Groups> groups_;
};

void fill(Outcome& out, Run& run, bool timed_out) {
    const int status = run.child.native_exit_code();
    if (timed_out) {
        out.end = Outcome::End::timed_out;
    } else if (WIFSIGNALED(status)) {
        out.end = Outcome::End::signalled;
        out.signal = WTERMSIG(status);
    } else {
        out.exit_code = WEXITSTATUS(status);
    }
    out.out = std::move(run.out_text);
    out.err = std::move(run.err_text);
    out.cut_bytes = run.cut_bytes;
}

}  // namespace

void Groups::signal(int number) const {
    for (const int id : ids_) {
        if (id > 1) ::kill(-id, number);
    }
}

asio::awaitable<Result<Outcome>> run_command(Command command, std::shared_ptr<Groups> groups) {
    if (auto valid = check(command); !valid) co_return valid.error();
    const auto executor = co_await asio::this_coro::executor;
    const auto run = std::make_shared<Run>(executor);
    run->cap = command.max_output_bytes;
    if (auto launched = launch(*run, command); !launched) co_return launched.error();
    const Listed listed(run, std::move(groups));
    pump(run, run->out, run->out_buffer, run->out_text);
    pump(run, run->err, run->err_buffer, run->err_text);
    run->child.async_wait([run](error_code, int) {
        run->exited = true;
        run->signal.cancel();
    });
    const auto exited = [&state = *run] { return state.exited; };
    const auto drained = [&state = *run] { return state.open_pipes == 0; };
    const bool in_time = co_await wait_for(run, command.timeout, exited);
    if (!in_time) {
        end_group(*run, SIGTERM);
        co_await wait_for(run, command.kill_grace, exited);
    } else {
        co_await wait_for(run, k_drain, drained);
    }
    end_group(*run, SIGKILL);  // children that it left behind, too
    co_await wait_for(run, k_reap, exited);
    co_await wait_for(run, k_drain, drained);
    error_code ignored;
    run->out.close(ignored);
    run->err.close(ignored);
    Outcome outcome;
    fill(outcome, *run, !in_time);
    co_return outcome;
}

}  // namespace gantry::process
