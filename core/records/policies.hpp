// Policy documents by scope, inherited default < organisation < site < role < endpoint. Blocking.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/scope.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::records {

struct PolicyRow {
    std::string name;             // "default", "organisation:acme", "role:server" ...
    OrganisationId organisation;  // unset = for all
    std::string document;         // JSON, see config/schemas/policy.schema.json
    std::int64_t version = 1;
    Instant updated_at{};
};

Result<std::vector<PolicyRow>> policies(storage::Connection&, const Scope&);
// not_found for an organisation outside the scope; forbidden for what is for all, unless the scope
// is all; conflict when the version differs (0 = there is none yet).
Result<PolicyRow> put_policy(storage::Connection&, const Scope&, PolicyRow row,
                             std::optional<std::int64_t> expected_version, Instant now);

}  // namespace gantry::records
