// LazyConnection: a connection that is opened at its first use, on the thread that uses it, and
// kept. A failed opening is tried again at the next use. One thread; `database` outlives it.
#pragma once

#include <memory>
#include <optional>

#include "core/storage/database.hpp"

namespace gantry::storage {

class LazyConnection {
public:
    static LazyConnection reading(Database& database) { return {database, std::nullopt}; }
    static LazyConnection writing(Database& database, Durability durability) {
        return {database, durability};
    }

    Result<Connection*> get() {
        if (!connection_) {
            auto opened =
                durability_ ? database_->connect(*durability_) : database_->connect_read_only();
            if (!opened) return opened.error();
            connection_ = std::move(*opened);
        }
        return connection_.get();
    }

private:
    LazyConnection(Database& database, std::optional<Durability> durability)
        : database_(&database), durability_(durability) {}

    Database* database_;
    std::optional<Durability> durability_;  // none: read only
    std::unique_ptr<Connection> connection_;
};

}  // namespace gantry::storage
