// OrganisationDirectory: organisations by name or id, in memory. A miss reads the records on a
// Worker; what was found is believed for a short while (organisations are never deleted, but a new
// one may take a name that was understood as an id). What was not found is not remembered.
//
// Threading: the server's executor.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "core/async/worker.hpp"
#include "core/ports/organisation_names.hpp"
#include "core/storage/lazy_connection.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

class OrganisationDirectory final : public OrganisationNames {
public:
    OrganisationDirectory(storage::Database& database, Worker& reader, const Clock& clock);
    ~OrganisationDirectory() override;

    boost::asio::awaitable<Result<OrganisationId>> find(Scope scope, std::string text) override;

private:
    struct Known {
        OrganisationId id;
        std::chrono::steady_clock::time_point until;
    };

    Worker& reader_;  // one thread
    const Clock& clock_;
    storage::LazyConnection connection_;            // the reader's
    std::unordered_map<std::string, Known> known_;  // by scope and text
};

}  // namespace gantry::app
