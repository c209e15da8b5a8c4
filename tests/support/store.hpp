// A migrated store in memory with two organisations, a writing connection and the sequences.
#pragma once

#include <memory>

#include "core/records/access.hpp"
#include "core/records/alerts.hpp"
#include "tests/support/records_builders.hpp"

namespace gantry::test {

struct Store {
    Store() {
        static int count = 0;
        database = must(storage::open_database(":memory:itsm" + std::to_string(++count)));
        must(storage::migrate(*database));
        connection = must(database->connect(storage::Durability::normal));
        const auto acme = must(records::ensure_organisation(*connection, "acme", moment(0)));
        REQUIRE(acme.id == k_theirs);
    }
    [[nodiscard]] std::vector<std::string> tables() const { return ticket_tables(*connection); }
    [[nodiscard]] std::vector<std::string> texts(const std::string& sql, int columns) const {
        return test::texts(*connection, sql, columns);
    }

    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
    Sequences sequences;
};

using Texts = std::vector<std::string>;

}  // namespace gantry::test
