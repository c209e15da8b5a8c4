// Policy documents by scope, inherited default < organisation < site < role < endpoint. Blocking.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::records {

struct PolicyRow {
    std::string name;             // "default", "organisation:acme", "role:server" ...
    OrganisationId organisation;  // unset = for all
    std::string document;         // JSON, see config/schemas/policy.schema.json
    std::int64_t id = 0;          // of the row; the order of pages
    std::int64_t version = 1;
    Instant updated_at{};
};

// All that the scope sees: its own, and those for all organisations.
Result<std::vector<PolicyRow>> policies(storage::Connection&, const Scope&);
// The same by pages, which also end where their documents come to k_max_policy_page_bytes.
inline constexpr std::size_t k_max_policy_page_bytes = 2 << 20;
Result<PageOf<PolicyRow>> policies(storage::Connection&, const Scope&, const PageRequest&);
// not_found also outside the scope.
Result<PolicyRow> policy(storage::Connection&, const Scope&, const std::string& name,
                         OrganisationId organisation);
// Changes with every write of any layer: who has seen it need not read the layers again.
Result<std::int64_t> policies_mark(storage::Connection&);
// not_found for an organisation outside the scope; forbidden for what is for all, unless the scope
// is all; conflict when the version differs (0 = there is none yet).
Result<PolicyRow> put_policy(storage::Connection&, const Scope&, PolicyRow row,
                             std::optional<std::int64_t> expected_version, Instant now);

}  // namespace gantry::records
