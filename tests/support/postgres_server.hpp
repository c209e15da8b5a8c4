// A PostgreSQL of a test's own: a cluster in a temporary directory, reached by a private Unix
// socket alone, gone at the end of the scope. Its speed over its safety: fsync is off.
//
//     const auto server = test::PostgresServer::start();
//     if (!server) return;  // not installed: the program ends with 77 (skipped) unless it failed
//
// Threading: one owner. Throws when PostgreSQL is installed but does not start.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace gantry::test {

class PostgresServer {
public:
    // Null when no PostgreSQL is installed, or GANTRY_TEST_NO_POSTGRES is set.
    static std::unique_ptr<PostgresServer> start();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    // For storage::open_database().
    [[nodiscard]] std::string location(const std::string& database = "postgres") const;
    // A new empty database, or the one of that name emptied; returns its location.
    std::string fresh(const std::string& database) const;
    // Ends every client's connection, as a restart of the server would.
    void drop_connections() const;

private:
    explicit PostgresServer(std::string programs);
    void make_cluster() const;
    void launch();
    void wait_until_ready() const;
    void query(const std::string& sql) const;

    std::string programs_;
    TemporaryDirectory directory_;
    pid_t server_ = -1;
};

}  // namespace gantry::test
