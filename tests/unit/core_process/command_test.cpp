// Runs real programs (/bin/sh); waits are on their ends, never on a clock.
#include "core/process/command.hpp"

#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <optional>

using namespace gantry;
using process::Command;
using process::Outcome;

namespace {

boost::asio::awaitable<void> keep(Command command, std::optional<Result<Outcome>>* out) {
    *out = co_await process::run_command(std::move(command));
}

Result<Outcome> run(Command command) {
    boost::asio::io_context context;
    std::optional<Result<Outcome>> out;
    boost::asio::co_spawn(context, keep(std::move(command), &out), boost::asio::detached);
    context.run();
    REQUIRE(out.has_value());
    return std::move(*out);
}

Command shell(const std::string& script) {
    Command command;
    command.argv = {"/bin/sh", "-c", script};
    command.kill_grace = Millis{100};
    return command;
}

bool is_alive(const std::string& pid) { return ::kill(std::stoi(pid), 0) == 0; }

}  // namespace

TEST_CASE("command: output of both streams and the exit code come back") {
    const auto outcome = run(shell("echo good; echo bad >&2; exit 2"));
    REQUIRE(outcome.has_value());
    CHECK(outcome->end == Outcome::End::exited);
    CHECK(outcome->exit_code == 2);
    CHECK(outcome->out == "good\n");
    CHECK(outcome->err == "bad\n");
    CHECK(outcome->cut_bytes == 0);
}

TEST_CASE("command: exit 9 and death by signal 9 are told apart") {
    const auto nine = run(shell("exit 9"));
    REQUIRE(nine.has_value());
    CHECK(nine->end == Outcome::End::exited);
    CHECK(nine->exit_code == 9);
    const auto killed = run(shell("kill -9 $$"));
    REQUIRE(killed.has_value());
    CHECK(killed->end == Outcome::End::signalled);
    CHECK(killed->signal == SIGKILL);
}

TEST_CASE("command: arguments are given as they are, no shell reads them") {
    Command command;
    command.argv = {"/bin/echo", "a b", "$HOME", "*"};
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->out == "a b $HOME *\n");
}

TEST_CASE("command: output beyond the cap is drained and counted, the program is not blocked") {
    Command command = shell("head -c 1000000 /dev/zero | tr '\\0' x; echo done >&2");
    command.max_output_bytes = 1000;
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->end == Outcome::End::exited);
    CHECK(outcome->out == std::string(1000, 'x'));
    CHECK(outcome->err == "done\n");
    CHECK(outcome->cut_bytes == 999'000);
}

TEST_CASE("command: past its deadline the whole group is killed, deaf children too") {
    Command command = shell("trap '' TERM; (trap '' TERM; sleep 300) & echo $!; sleep 300");
    command.timeout = Millis{300};
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->end == Outcome::End::timed_out);
    REQUIRE_FALSE(outcome->out.empty());
    // The orphan's zombie is its new parent's to reap; a live process would show a running state.
    const std::string pid = outcome->out.substr(0, outcome->out.find('\n'));
    if (is_alive(pid)) {
        const auto state = run(shell("cut -d' ' -f3 /proc/" + pid + "/stat || echo gone"));
        REQUIRE(state.has_value());
        CHECK((state->out == "Z\n" || state->out == "gone\n"));
    }
}

TEST_CASE("command: a child left behind that holds the pipe does not hold us") {
    Command command = shell("sleep 300 & echo started");
    command.timeout = Millis{60'000};
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->end == Outcome::End::exited);
    CHECK(outcome->exit_code == 0);
    CHECK(outcome->out == "started\n");
}

TEST_CASE("command: a polite program is ended by TERM and its last words are kept") {
    Command command = shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    command.timeout = Millis{300};
    command.kill_grace = Millis{10'000};
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->end == Outcome::End::timed_out);
    CHECK(outcome->out == "up\nbye\n");
}

TEST_CASE("command: the environment is minimal and input is empty") {
    Command command = shell("env | cut -d= -f1 | grep -v '^PWD$\\|^_$\\|^SHLVL$' | sort; cat");
    command.environment = {{"GANTRY_CHECK", "disk"}};
    const auto outcome = run(std::move(command));
    REQUIRE(outcome.has_value());
    CHECK(outcome->out == "GANTRY_CHECK\nHOME\nLC_ALL\nPATH\n");
}

TEST_CASE("command: what cannot be started is an error with its reason") {
    Command command;
    command.argv = {"sh", "-c", "true"};
    const auto relative = run(command);
    REQUIRE_FALSE(relative.has_value());
    CHECK(relative.error().code == ErrorCode::invalid_input);
    command.argv = {"/nonexistent/program"};
    const auto missing = run(command);
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == ErrorCode::not_found);
    command.argv = {"/etc/passwd"};
    const auto plain = run(command);
    REQUIRE_FALSE(plain.has_value());
    CHECK(plain.error().code == ErrorCode::forbidden);
    command.argv = {};
    CHECK_FALSE(run(command).has_value());
}

TEST_CASE("command: a script without an interpreter fails without a second copy of us") {
    const auto outcome =
        run(shell("printf garbage > /tmp/gantry-not-a-program-$$;"
                  "chmod +x /tmp/gantry-not-a-program-$$;"
                  "echo /tmp/gantry-not-a-program-$$"));
    REQUIRE(outcome.has_value());
    Command command;
    command.argv = {outcome->out.substr(0, outcome->out.size() - 1)};
    const auto failed = run(command);
    ::unlink(command.argv[0].c_str());
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == ErrorCode::unavailable);
}
