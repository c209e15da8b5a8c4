#include <libpq-fe.h>

#include <utility>

#include "core/storage/engines.hpp"
#include "core/storage/postgres_statement.hpp"

namespace gantry::storage {
namespace {

class PostgresDatabase final : public Database {
public:
    explicit PostgresDatabase(std::string location) : location_(std::move(location)) {}

    [[nodiscard]] Engine engine() const override { return Engine::postgres; }
    Result<std::unique_ptr<Connection>> connect(Durability) override { return make(false); }
    Result<std::unique_ptr<Connection>> connect_read_only() override { return make(true); }

private:
    Result<std::unique_ptr<Connection>> make(bool read_only) {
        auto session = PostgresSession::open(location_, read_only);
        if (!session) return std::move(session).error();
        return std::unique_ptr<Connection>(
            std::make_unique<PostgresConnection>(std::move(*session), read_only));
    }

    std::string location_;
};

// Without the parser's message: it quotes from the string, which may hold a password.
bool is_readable(const std::string& location) {
    char* message = nullptr;
    PQconninfoOption* options = PQconninfoParse(location.c_str(), &message);
    PQfreemem(message);
    if (options == nullptr) return false;
    PQconninfoFree(options);
    return true;
}

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& location) {
    if (!is_readable(location)) {
        return fail(ErrorCode::invalid_input,
                    "postgresql: the location cannot be read; it must be "
                    "postgresql://user@host/database, special characters percent-encoded");
    }
    return std::unique_ptr<Database>(std::make_unique<PostgresDatabase>(location));
}

}  // namespace gantry::storage
