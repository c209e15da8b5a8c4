#define CATCH_CONFIG_EXTERNAL_INTERFACES  // listeners
#include "tests/support/postgres_server.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <vector>

namespace gantry::test {
namespace {

constexpr const char* k_user = "postgres";
constexpr int k_pause_ms = 20;
constexpr int k_questions = 3'000;  // a minute, for a loaded machine

// Debian keeps the server's programs outside PATH, one folder a version; the newest wins.
std::string find_programs() {
    if (std::getenv("GANTRY_TEST_NO_POSTGRES") != nullptr) return {};
    std::string best;
    int best_version = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
        const std::string name = entry.path().filename().string();
        int version = 0;
        std::from_chars(name.data(), name.data() + name.size(), version);
        const auto programs = entry.path() / "bin";
        if (version <= best_version || !std::filesystem::exists(programs / "initdb")) continue;
        best = programs.string();
        best_version = version;
    }
    return best;
}

// The server refuses to run as root.
const passwd* account() { return ::geteuid() == 0 ? ::getpwnam(k_user) : nullptr; }

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
    const passwd* user = account();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a killed test leaves no server behind
    if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // setuid has cleared it
    if (::getppid() != parent) ::_exit(126);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
}

// Set when a test asked for a server that is not there.
bool& was_missed() {
    static bool missed = false;
    return missed;
}

// ctest's word for "skipped" (SKIP_RETURN_CODE), unless something failed.
constexpr int k_skipped = 77;
struct TellSkipped : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats& stats) override {
        if (!was_missed() || stats.totals.assertions.failed > 0) return;
        std::cout << "skipped: PostgreSQL is not installed; what ran without it passed\n"
                  << std::flush;
        ::_exit(k_skipped);
    }
};
CATCH_REGISTER_LISTENER(TellSkipped)

}  // namespace

PostgresServer::PostgresServer(std::string programs) : programs_(std::move(programs)) {}

std::unique_ptr<PostgresServer> PostgresServer::start() {
    std::string programs = find_programs();
    if (programs.empty() || (::geteuid() == 0 && account() == nullptr)) {
        was_missed() = true;
        return nullptr;
    }
    std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(programs)));
    server->make_cluster();
    server->launch();
    server->wait_until_ready();
    return server;
}

PostgresServer::~PostgresServer() {
    if (server_ <= 0) return;
    ::kill(server_, SIGQUIT);  // at once, without a checkpoint: the data is going anyway
    ::waitpid(server_, nullptr, 0);
}

void PostgresServer::make_cluster() const {
    if (const passwd* user = account()) {
        if (::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
            throw std::runtime_error("postgres: chown of " + directory_.path());
        }
    }
    const pid_t child = spawn(
        {programs_ + "/initdb", "--pgdata", directory_.file("data"), "--username", k_user, "--auth",
         "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"},
        directory_.file("initdb.log"));
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0) {
        throw std::runtime_error("postgres: initdb failed with status " + std::to_string(status));
    }
}

void PostgresServer::launch() {
    server_ =
        spawn({programs_ + "/postgres", "-D", directory_.file("data"), "-k", directory_.path(),
               "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
               "max_connections=40", "-c", "shared_buffers=32MB", "-c", "autovacuum=off"},
              directory_.file("server.log"));
    if (server_ <= 0) throw std::runtime_error("postgres: fork failed");
}

void PostgresServer::wait_until_ready() const {
    for (int asked = 0; asked < k_questions; ++asked) {
        if (PQping(location().c_str()) == PQPING_OK) return;
        if (::waitpid(server_, nullptr, WNOHANG) != 0) break;
        ::poll(nullptr, 0, k_pause_ms);
    }
    throw std::runtime_error("postgres: the server did not start, see server.log");
}

std::string PostgresServer::location(const std::string& database) const {
    std::string host;
    for (const char c : directory_.path()) host += c == '/' ? "%2F" : std::string(1, c);
    return std::string("postgresql://") + k_user + "@" + host + "/" + database;
}

void PostgresServer::query(const std::string& sql) const {
    PGconn* connection = PQconnectdb(location().c_str());
    PQsetNoticeProcessor(
        connection, [](void*, const char*) {}, nullptr);
    PGresult* result = PQexec(connection, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    const std::string message = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error("postgres: " + sql + ": " + message);
    }
}

std::string PostgresServer::fresh(const std::string& database) const {
    query("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
    query("CREATE DATABASE " + database);
    return location(database);
}

void PostgresServer::drop_connections() const {
    query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
}

}  // namespace gantry::test
