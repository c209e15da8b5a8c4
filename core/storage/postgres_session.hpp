// PostgresSession: one connection to a server over libpq, opened anew when it broke. libpq itself
// and not libpqxx: its transactions and errors are exceptions and scopes, ours are values and a
// pair of calls, and prepared statements outlive both. Private to core/storage.
//
// Threading: one thread at a time. Every wait ends: connecting after 5 s, a statement after 30 s,
// a silent network after 30 s.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

struct pg_conn;
struct pg_result;

namespace gantry::storage {

struct PostgresResultDeleter {
    void operator()(pg_result* result) const;
};
using PostgresResult = std::unique_ptr<pg_result, PostgresResultDeleter>;

// One bound value; nullopt is NULL.
struct PostgresValue {
    std::optional<std::string> value;
    bool binary = false;
};

class PostgresSession {
public:
    // Of the connection string nothing reaches a message: it may hold a password.
    static Result<std::unique_ptr<PostgresSession>> open(const std::string& location,
                                                         bool read_only);
    ~PostgresSession();
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    // Statements without parameters; the result of the last one.
    Result<PostgresResult> run(const std::string& script);
    Result<void> prepare(const std::string& name, const std::string& sql);
    Result<PostgresResult> run_prepared(const std::string& name, const std::string& sql,
                                        const std::vector<PostgresValue>& values);

    [[nodiscard]] bool is_broken() const;
    // The server forgot our prepared statements: generation() rises.
    Result<void> reopen();
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

private:
    PostgresSession(std::string location, bool read_only)
        : location_(std::move(location)), read_only_(read_only) {}
    Result<void> connect();
    Result<void> check_server();
    Result<PostgresResult> checked(pg_result* raw, std::string_view doing);

    std::string location_;
    bool read_only_;
    pg_conn* connection_ = nullptr;
    std::uint64_t generation_ = 0;
};

}  // namespace gantry::storage
